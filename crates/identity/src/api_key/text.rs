//! What a key looks like.

use std::fmt;

use mantlet_types::{Rng, Secret};
use zeroize::Zeroizing;

use crate::checked_text::{
    CHECKSUM_LEN, SECRET_LEN, append_checksum, is_digits, random_digits, strip_checksum,
};

const PREFIX: &str = "mk_";

/// The longest name of an environment.
const MAX_ENVIRONMENT: usize = 8;

/// `_` id `_` secret and checksum.
const TAIL_LEN: usize = ApiKeyId::LEN + 1 + SECRET_LEN + CHECKSUM_LEN;

/// The public part of a key: 12 characters, in lists and logs. Chosen at random, never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId([u8; Self::LEN]);

impl ApiKeyId {
    /// The length of an id in characters.
    pub const LEN: usize = 12;

    /// The id that `text` is; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes().try_into().ok()?;
        is_digits(text).then_some(Self(bytes))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    fn generate(rng: &dyn Rng) -> Self {
        let mut id = [b'0'; Self::LEN];
        for (to, from) in id.iter_mut().zip(random_digits(Self::LEN, rng).bytes()) {
            *to = from;
        }
        Self(id)
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyId({self})")
    }
}

/// A new key, to be shown once. It cannot be printed by accident, and taking its text uses it up.
#[derive(Debug)]
#[must_use = "the key is shown once, now, or never"]
pub struct IssuedApiKey {
    id: ApiKeyId,
    text: Secret<String>,
}

impl IssuedApiKey {
    /// A new id and secret.
    pub(super) fn generate(environment: &str, rng: &dyn Rng) -> Self {
        Self::of_id(environment, ApiKeyId::generate(rng), rng)
    }

    /// A new secret for a key that exists.
    pub(super) fn of_id(environment: &str, id: ApiKeyId, rng: &dyn Rng) -> Self {
        let secret = Zeroizing::new(random_digits(SECRET_LEN, rng));
        // As long as it will ever be, so that growing leaves no copy behind.
        let mut text = String::with_capacity(PREFIX.len() + MAX_ENVIRONMENT + 1 + TAIL_LEN);
        for part in [PREFIX, environment, "_", id.as_str(), "_", &secret] {
            text.push_str(part);
        }
        append_checksum(&mut text);
        Self { id, text: Secret::new(text) }
    }

    /// The public part.
    #[must_use]
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// The whole key, for its owner's eyes.
    #[must_use]
    pub fn reveal(self) -> Secret<String> {
        self.text
    }

    pub(super) fn presented(&self) -> Option<PresentedKey<'_>> {
        PresentedKey::parse(self.text.expose())
    }
}

/// A well-formed key as a client sent it; nothing is known yet about whether it is right.
#[derive(Clone, Copy)]
pub struct PresentedKey<'a> {
    environment: &'a str,
    id: ApiKeyId,
    /// Id, `_` and secret: what is hashed.
    hashed: &'a str,
}

impl<'a> PresentedKey<'a> {
    /// Reads a key; `None` for what is none, or has a typing error (the checksum tells).
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (environment, tail) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if tail.len() != TAIL_LEN || !is_environment(environment) {
            return None;
        }
        strip_checksum(text)?;
        let hashed = tail.get(..TAIL_LEN - CHECKSUM_LEN)?;
        let (id, secret) = hashed.split_once('_')?;
        if !is_digits(secret) {
            return None;
        }
        Some(Self { environment, id: ApiKeyId::parse(id)?, hashed })
    }

    /// Whether `text` looks like one of our keys: for telling which scheme a client tries.
    #[must_use]
    pub fn is_likely(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The environment that the key names.
    #[must_use]
    pub const fn environment(&self) -> &'a str {
        self.environment
    }

    /// The public part of the key.
    #[must_use]
    pub const fn id(&self) -> ApiKeyId {
        self.id
    }

    /// What is hashed: a secret moved to another id is another message.
    pub(super) const fn hashed(&self) -> &'a [u8] {
        self.hashed.as_bytes()
    }
}

impl fmt::Debug for PresentedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedKey({})", self.id)
    }
}

/// Whether `name` can stand in a key.
pub(super) fn is_environment(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=MAX_ENVIRONMENT).contains(&name.len()) && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;
    use proptest::prelude::*;

    use super::*;

    fn key() -> String {
        IssuedApiKey::generate("live", &SystemRng).reveal().expose().clone()
    }

    // covers: SAMO-04 (library)
    #[test]
    fn samo_d08_a_key_has_prefix_id_checksum_and_256_random_bits() {
        let text = key();
        assert_eq!(text.len(), "mk_live_".len() + 12 + 1 + 43 + 6);
        let parsed = PresentedKey::parse(&text).unwrap();
        assert_eq!(parsed.environment(), "live");
        assert_eq!(text.get(8..20), Some(parsed.id().as_str()));
        // What a scanner does offline: CRC-32 of all but the last six characters, in base 62.
        let (body, checksum) = text.split_at(text.len() - 6);
        let expected = crate::checked_text::digits::<6>(crc32fast::hash(body.as_bytes()));
        assert_eq!(checksum.as_bytes(), expected);
        assert_ne!(text, key());
    }

    #[test]
    fn what_is_no_key_is_not_read() {
        let text = key();
        for wrong in [
            "",
            "mk_",
            "mk_live_",
            "{}",
            text.strip_prefix("m").unwrap(),
            text.get(..text.len() - 1).unwrap(),
            &format!("{text}0"),
            &format!(" {text}"),
            &format!("{text}\n"),
            &text.replace("mk_live_", "mk_LIVE_"),
            &text.replace("mk_live_", "mk__"),
            &text.replace("mk_live_", "sk_live_"),
            &text.replace("mk_live_", "mk_test_"),
        ] {
            assert!(PresentedKey::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_key_cannot_be_printed_by_accident() {
        let issued = IssuedApiKey::generate("live", &SystemRng);
        let printed = format!("{issued:?} {:?}", issued.presented().unwrap());
        let text = issued.reveal();
        let secret = text.expose().get(21..64).unwrap();
        assert!(!printed.contains(secret), "{printed}");
    }

    proptest! {
        #[test]
        fn every_typing_error_is_noticed(at in any::<prop::sample::Index>(), other in "[0-9A-Za-z_]") {
            let text = key();
            let at = at.index(text.len());
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &other);
            prop_assert_eq!(PresentedKey::parse(&wrong).is_some(), wrong == text);
        }

        #[test]
        fn any_text_is_read_without_panic(text in "(mk_[a-z]{0,9}_)?[\\PC_]{0,80}") {
            let _ = PresentedKey::parse(&text);
        }
    }
}
