//! Texts that only this server makes: what ties a form to who asked for it, and the second step of a
//! sign-in to the first.

use std::time::Duration;

use mantlet_crypto::{KeyId, MacKeys};
use mantlet_types::{Secret, Timestamp};

use super::Directory;
use crate::UserId;
use crate::time::{after, since};

/// How long the second step of a sign-in may follow the first.
pub const PENDING_LIFETIME: Duration = Duration::from_secs(300);

/// The longest proof that is read, in bytes.
const MAX_PROOF: usize = 512;

/// What somebody showed first, whom a second factor is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// Their password.
    Password,
    /// The word of an outside provider.
    Provider,
}

impl First {
    /// What its proofs are told apart by.
    const fn kind(self) -> &'static str {
        match self {
            Self::Password => "pending",
            Self::Provider => "pending provider",
        }
    }
}

impl Directory {
    /// What a form carries so that nobody else can send it: `holder` is what the browser holds, the
    /// id of its session or of its visit. `None` when the ring has no key.
    #[must_use]
    pub fn form_token(&self, holder: &str) -> Option<String> {
        let keys = self.forms.load();
        let (id, key) = keys.active()?;
        Some(format!("{}.{}", id.0, hex(&key.tag(&message("form", &[holder.as_bytes()])))))
    }

    /// Whether `token` is that of `holder`.
    #[must_use]
    pub fn is_form_token(&self, token: &str, holder: &str) -> bool {
        let message = message("form", &[holder.as_bytes()]);
        token
            .split_once('.')
            .is_some_and(|(id, tag)| is_tagged(&self.forms.load(), id, tag, &message))
    }

    /// Proof that `user` has just shown the first factor; the second step asks for it.
    #[must_use]
    pub fn pending(&self, user: &UserId, first: First) -> Option<Secret<String>> {
        let keys = self.forms.load();
        let (id, key) = keys.active()?;
        let millis = self.clock.now().as_millisecond();
        let tag =
            key.tag(&message(first.kind(), &[&millis.to_be_bytes(), user.as_str().as_bytes()]));
        Some(Secret::new(format!(
            "{}.{millis}.{}.{}",
            id.0,
            hex(&tag),
            hex(user.as_str().as_bytes())
        )))
    }

    /// Who has shown a first factor within the last five minutes, when, and which.
    #[must_use]
    pub fn pending_user(&self, proof: &str) -> Option<(UserId, Timestamp, First)> {
        if proof.len() > MAX_PROOF {
            return None;
        }
        let mut parts = proof.splitn(4, '.');
        let (id, millis) = (parts.next()?, parts.next()?.parse::<i64>().ok()?);
        let (tag, user) = (parts.next()?, from_hex(parts.next()?)?);
        let user = UserId::parse(str::from_utf8(&user).ok()?).ok()?;
        let is_first = |first: &First| {
            let parts = [&millis.to_be_bytes(), user.as_str().as_bytes()];
            is_tagged(&self.forms.load(), id, tag, &message(first.kind(), &parts))
        };
        let at = Timestamp::from_millisecond(millis).ok()?;
        let now = self.clock.now();
        let is_recent =
            since(now, at) < PENDING_LIFETIME && at <= after(now, Duration::from_secs(1));
        let first = [First::Password, First::Provider].into_iter().find(is_first)?;
        is_recent.then_some((user, at, first))
    }
}

fn message(kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&[kind.as_bytes(), b"\0"], parts].concat().concat()
}

fn is_tagged(keys: &MacKeys, id: &str, tag: &str, message: &[u8]) -> bool {
    let key = id.parse().ok().and_then(|id| keys.find(KeyId(id)));
    let tag = from_hex(tag).and_then(|tag| tag.try_into().ok());
    key.zip(tag).is_some_and(|(key, tag)| key.has_tagged(message, &tag))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let digits: Vec<u8> = text.as_bytes().iter().map(digit).collect::<Option<_>>()?;
    let is_even = digits.len().is_multiple_of(2);
    is_even.then(|| {
        digits.chunks(2).map(|pair| pair.iter().fold(0, |all, one| all << 4 | one)).collect()
    })
}
