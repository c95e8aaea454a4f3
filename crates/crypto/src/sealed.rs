//! Sealed values: encrypted, and bound to where they belong.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use mantlet_types::Rng;

use crate::Key;

/// How much longer a sealed value is than what it holds, in bytes: nonce and tag.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// Encrypts `plain` with AES-256-GCM (NIST SP 800-38D). It opens with the same key and the same
/// `context` only: name the table, column and record, so that a value cannot be moved elsewhere.
///
/// The nonce is random: a key may seal 2^32 values, so derive one for each purpose.
#[must_use]
pub fn seal(key: &Key, context: &[u8], plain: &[u8], rng: &dyn Rng) -> Vec<u8> {
    let mut nonce = [0; NONCE_LEN];
    rng.fill(&mut nonce);
    let mut sealed = Vec::with_capacity(plain.len().saturating_add(OVERHEAD));
    sealed.extend_from_slice(&nonce);
    let mut body = plain.to_vec();
    // Fails for bodies of 64 GiB only, which no caller can hold; an empty value opens nowhere.
    let done = cipher(key).and_then(|cipher| {
        let nonce = Nonce::assume_unique_for_key(nonce);
        cipher.seal_in_place_append_tag(nonce, Aad::from(context), &mut body).ok()
    });
    if done.is_none() {
        return Vec::new();
    }
    sealed.append(&mut body);
    sealed
}

/// What [`seal`] was given.
///
/// # Errors
/// [`OpenError`] when key or context are others, or a bit has changed: which one is not known.
pub fn open(key: &Key, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
    let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(OpenError)?;
    let cipher = cipher(key).ok_or(OpenError)?;
    let mut body = body.to_vec();
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = cipher.open_in_place(nonce, Aad::from(context), &mut body);
    let size = plain.map_err(|_| OpenError)?.len();
    body.truncate(size);
    Ok(body)
}

fn cipher(key: &Key) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, key.expose()).ok().map(LessSafeKey::new)
}

/// A value that does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenError;

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sealed with another key or for another place, or damaged")
    }
}

impl std::error::Error for OpenError {}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_in_its_place_only(
            plain in prop::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let key = Key::generate(&SystemRng);
            let mut sealed = seal(&key, b"users/email/7", &plain, &SystemRng);
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            prop_assert_eq!(open(&key, b"users/email/7", &sealed), Ok(plain));
            prop_assert_eq!(open(&key, b"users/email/8", &sealed), Err(OpenError));
            let other = Key::generate(&SystemRng);
            prop_assert_eq!(open(&other, b"users/email/7", &sealed), Err(OpenError));
            let at = at.index(sealed.len());
            prop_assert_eq!(open(&key, b"users/email/7", &sealed[..at]), Err(OpenError));
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(open(&key, b"users/email/7", &sealed), Err(OpenError));
        }
    }

    #[test]
    fn the_same_value_never_looks_the_same() {
        let key = Key::generate(&SystemRng);
        let seal = || seal(&key, b"", b"value", &SystemRng);
        assert_ne!(seal(), seal());
    }
}
