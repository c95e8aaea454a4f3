//! Proof that an account signed in from a device before: a cookie that outlives the session.

use std::time::Duration;

use mantlet_crypto::MacKeys;
use mantlet_types::{Secret, Timestamp};

use crate::UserId;
use crate::time::since;

/// The purpose of the ring's keys that make these proofs.
pub const PURPOSE: &str = "known-device";

/// How long a proof counts.
const LIFETIME: Duration = Duration::from_secs(180 * 86_400);

/// Makes and checks proofs. A proof names the moment of a sign-in and is the tag of it and of the
/// user: `<key>.<seconds>.<tag>`. It opens nothing; it only spares its holder what strangers caused.
#[derive(Debug)]
pub struct DeviceProof<'a>(pub &'a MacKeys);

impl DeviceProof<'_> {
    /// The proof that `user` signed in at `now`; `None` when no key is active.
    #[must_use]
    pub fn make(&self, user: &UserId, now: Timestamp) -> Option<Secret<String>> {
        let (id, key) = self.0.active()?;
        let seconds = now.as_second();
        let tag = key.tag(&message(user, seconds));
        let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(Secret::new(format!("{}.{seconds}.{tag}", id.0)))
    }

    /// Whether `presented` is the proof of a sign-in of `user` within the last 180 days and after
    /// `not_before`, where something ended everything up to then.
    #[must_use]
    pub fn is_of(
        &self,
        presented: &str,
        user: &UserId,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let mut parts = presented.splitn(3, '.');
        let (Some(id), Some(seconds), Some(tag)) = (parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let (Ok(id), Ok(seconds)) = (id.parse(), seconds.parse::<i64>()) else {
            return false;
        };
        let (Some(tag), Ok(at)) = (from_hex(tag), Timestamp::from_second(seconds)) else {
            return false;
        };
        let key = self.0.find(mantlet_crypto::KeyId(id));
        let is_ours = key.is_some_and(|key| key.has_tagged(&message(user, seconds), &tag));
        is_ours && at <= now && since(now, at) < LIFETIME && not_before.is_none_or(|end| at > end)
    }
}

fn message(user: &UserId, seconds: i64) -> Vec<u8> {
    [&seconds.to_be_bytes(), user.as_str().as_bytes()].concat()
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    bytes.try_into().ok()
}
