//! Secrets of applications that made their tokens with PyJWT.

use std::fmt;

use mantlet_crypto::jws::{VerifyingKey, VerifyingKeys};
use mantlet_types::Secret;

/// Words that stand in examples, never in a secret.
const PLACEHOLDERS: [&str; 13] = [
    "changeme",
    "change-me",
    "change_me",
    "change-this",
    "placeholder",
    "example",
    "your-",
    "your_",
    "insert",
    "replace",
    "secret-key",
    "secret_key",
    "password",
];

/// The fewest different bytes of a secret.
const VARIETY_FLOOR: usize = 10;

/// The key that a shared secret is, as PyJWT uses it: the bytes of the text.
///
/// # Errors
/// [`LegacySecretError`]: with such a secret anybody can make tokens, so it is no reason to accept
/// them.
pub fn legacy_secret(text: &Secret<String>) -> Result<VerifyingKeys, LegacySecretError> {
    let lower = zeroize::Zeroizing::new(text.expose().to_ascii_lowercase());
    if PLACEHOLDERS.iter().any(|word| lower.contains(word)) {
        return Err(LegacySecretError::Placeholder);
    }
    let mut seen = [false; 256];
    for byte in text.expose().bytes() {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    let key = VerifyingKey::hs256(&Secret::new(text.expose().clone().into_bytes()));
    let key = key.map_err(|_| LegacySecretError::Short)?;
    if seen.iter().filter(|seen| **seen).count() < VARIETY_FLOOR {
        return Err(LegacySecretError::Placeholder);
    }
    Ok(VerifyingKeys::of([key]))
}

/// Why a secret is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacySecretError {
    /// It has less than 256 bits.
    Short,
    /// It is an example or a pattern.
    Placeholder,
}

impl fmt::Display for LegacySecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "the secret is shorter than 32 bytes: tokens of it can be forged",
            Self::Placeholder => {
                "the secret is an example or a pattern: tokens of it can be forged"
            }
        })
    }
}

impl std::error::Error for LegacySecretError {}
