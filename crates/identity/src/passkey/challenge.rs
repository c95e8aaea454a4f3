//! What a browser has to sign: bound to what it is for and to who got it, good once and for a while.
//!
//! A challenge is not remembered when it is made, so that nobody fills memory by asking for many; it
//! carries its own proof, under a key that this process alone has. It is remembered once it was
//! answered rightly.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mantlet_crypto::{Key, MacKey, TAG_SIZE};
use mantlet_types::{Rng, Timestamp};

use super::PasskeyError;
use crate::UserId;
use crate::time::{after, since};

/// How long a challenge can be answered.
pub const CHALLENGE_LIFETIME: Duration = Duration::from_secs(300);

/// The most answered challenges that are remembered; beyond it nobody signs in with a passkey until
/// the oldest are over.
const MOST_ANSWERED: usize = 100_000;

const WRONG: PasskeyError = PasskeyError::Challenge;

const NONCE: usize = 16;
const TIME: usize = 8;

/// What a challenge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// A new passkey of this user.
    Register(&'a UserId),
    /// Signing in with a passkey alone.
    SignIn,
    /// The second factor of this user.
    Factor(&'a UserId),
}

impl Purpose<'_> {
    fn text(self) -> String {
        match self {
            Self::Register(user) => format!("register {user}"),
            Self::SignIn => "sign-in".to_owned(),
            Self::Factor(user) => format!("factor {user}"),
        }
    }
}

/// Makes challenges, and remembers those that were answered.
#[derive(Debug)]
pub(super) struct Challenges {
    key: MacKey,
    answered: Mutex<HashMap<[u8; NONCE], Timestamp>>,
}

/// A challenge that may be answered now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    nonce: [u8; NONCE],
    made: Timestamp,
}

impl Challenges {
    pub(super) fn new(rng: &dyn Rng) -> Self {
        let key = MacKey::new(&Key::generate(rng));
        Self { key, answered: Mutex::new(HashMap::new()) }
    }

    /// A challenge for `holder`: what their browser holds.
    pub(super) fn make(
        &self,
        purpose: Purpose<'_>,
        holder: &str,
        now: Timestamp,
        rng: &dyn Rng,
    ) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        rng.fill(&mut nonce);
        let head = [&nonce[..], &now.as_millisecond().to_be_bytes()].concat();
        let tag = self.key.tag(&message(purpose, holder, &head));
        [head.as_slice(), &tag].concat()
    }

    /// Whether a challenge is one that `holder` got for this purpose, lately, and that was not
    /// answered yet.
    pub(super) fn open(
        &self,
        challenge: &[u8],
        purpose: Purpose<'_>,
        holder: &str,
        now: Timestamp,
    ) -> Result<Open, PasskeyError> {
        let (head, tag) = challenge.split_at_checked(NONCE + TIME).ok_or(WRONG)?;
        let tag: &[u8; TAG_SIZE] = tag.try_into().map_err(|_| WRONG)?;
        if !self.key.has_tagged(&message(purpose, holder, head), tag) {
            return Err(WRONG);
        }
        let (nonce, time) = head.split_first_chunk::<NONCE>().ok_or(WRONG)?;
        let millis = i64::from_be_bytes(time.try_into().map_err(|_| WRONG)?);
        let made = Timestamp::from_millisecond(millis).map_err(|_| WRONG)?;
        if since(now, made) >= CHALLENGE_LIFETIME || made > after(now, Duration::from_secs(1)) {
            return Err(WRONG);
        }
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.contains_key(nonce) {
            return Err(PasskeyError::Replayed);
        }
        Ok(Open { nonce: *nonce, made })
    }

    /// Uses a challenge up: of two answers at once, one counts.
    pub(super) fn answer(&self, open: Open, now: Timestamp) -> Result<(), PasskeyError> {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= MOST_ANSWERED {
            answered.retain(|_, made| since(now, *made) < CHALLENGE_LIFETIME);
        }
        if answered.len() >= MOST_ANSWERED {
            return Err(PasskeyError::Busy);
        }
        match answered.insert(open.nonce, open.made) {
            None => Ok(()),
            Some(_) => Err(PasskeyError::Replayed),
        }
    }
}

/// The holder first, by its length, so that no two pairs are one text.
fn message(purpose: Purpose<'_>, holder: &str, head: &[u8]) -> Vec<u8> {
    let length = u64::try_from(holder.len()).unwrap_or(u64::MAX).to_be_bytes();
    let purpose = purpose.text();
    [b"passkey\0", &length[..], holder.as_bytes(), head, purpose.as_bytes()].concat()
}
