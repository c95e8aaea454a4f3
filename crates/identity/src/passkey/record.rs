//! What is kept of a passkey.

use std::fmt;

use mantlet_crypto::{from_base64url, to_base64url};
use mantlet_types::Timestamp;

use crate::UserId;

/// The id that an authenticator gave a passkey: 1 to 1023 bytes of its choice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PasskeyId(Vec<u8>);

impl PasskeyId {
    /// The longest id, in bytes (WebAuthn, section 4).
    pub const MAX_LEN: usize = 1023;

    /// The id that `bytes` are; `None` for none and for too many.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        (1..=Self::MAX_LEN).contains(&bytes.len()).then(|| Self(bytes.to_vec()))
    }

    /// The id that `text` says in URL-safe base64 without padding.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of(&from_base64url(text)?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base64url(&self.0))
    }
}

impl fmt::Debug for PasskeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasskeyId({self})")
    }
}

/// What its owner calls a passkey: 1 to 64 characters that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyLabel(String);

impl PasskeyLabel {
    /// The longest label, in characters.
    pub const MAX_LEN: usize = 64;

    /// The label that `text` is; `None` for an empty or long one, and for control characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_fine = !text.is_empty() && text.chars().count() <= Self::MAX_LEN;
        (is_fine && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The label as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where passkeys are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The host that passkeys are bound to (the "relying party id"), lower case, without port.
    pub host: String,
    /// The origin of the pages, as browsers write it: `https://example.org`.
    pub origin: String,
}

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose.
    pub user: UserId,
    /// The random name under which authenticators know the user, the same for all their passkeys.
    pub handle: [u8; 32],
    /// The host that it is bound to.
    pub host: String,
    /// What its owner calls it.
    pub label: PasskeyLabel,
    /// The public key (COSE).
    pub key: Vec<u8>,
    /// How often it was used, as its authenticator counts; 0 where it does not.
    pub counter: u32,
    /// Whether its owner's devices share it; fixed when it is made.
    pub is_shared: bool,
    /// When it was registered.
    pub created: Timestamp,
    /// When it was last used; `None` for never.
    pub last_used: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_labels_are_bounded() {
        assert!(PasskeyId::of(&[]).is_none() && PasskeyId::of(&[0; 1024]).is_none());
        let id = PasskeyId::of(&[0xff; 1023]).unwrap();
        assert_eq!(PasskeyId::parse(&id.to_string()), Some(id));
        for text in ["", " ", "a\u{7}b", &"ä".repeat(65)] {
            assert!(PasskeyLabel::parse(text).is_none(), "{text:?}");
        }
        assert_eq!(PasskeyLabel::parse(" My phone ").unwrap().as_str(), "My phone");
    }
}
