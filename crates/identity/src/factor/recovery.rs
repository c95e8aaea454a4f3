//! Codes for the day when the telephone is gone.

use mantlet_crypto::{MacKey, TAG_SIZE};
use mantlet_types::{Rng, Secret};

use crate::UserId;

/// How many codes there are.
const COUNT: usize = 10;

/// Characters of a code, and of a group of it: 80 random bits.
const LENGTH: usize = 16;
const GROUP: usize = 4;

/// Letters and digits that are not mistaken for each other (Crockford's base 32).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// New recovery codes, to be shown once: `xxxx-xxxx-xxxx-xxxx`.
#[derive(Debug)]
#[must_use = "the codes are shown once, now, or never"]
pub struct RecoveryCodes(Vec<Secret<String>>);

impl RecoveryCodes {
    pub(super) fn generate(rng: &dyn Rng) -> Self {
        Self((0..COUNT).map(|_| one(rng)).collect())
    }

    /// The codes, for their owner's eyes.
    #[must_use]
    pub fn reveal(self) -> Vec<Secret<String>> {
        self.0
    }

    pub(super) fn hashes(&self, user: &UserId, key: &MacKey) -> Vec<[u8; TAG_SIZE]> {
        self.0.iter().map(|code| hash(code.expose(), user, key)).collect()
    }
}

fn one(rng: &dyn Rng) -> Secret<String> {
    let mut bytes = [0; LENGTH];
    rng.fill(&mut bytes);
    let mut text = String::with_capacity(LENGTH + LENGTH / GROUP);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        // 32 letters divide a byte evenly.
        text.extend(LETTERS.get(usize::from(byte % 32)).copied().map(char::from));
    }
    Secret::new(text)
}

/// The keyed hash of a code as somebody typed it: case, hyphens and spaces do not matter, nor what
/// is easily mistaken.
pub(super) fn hash(typed: &str, user: &UserId, key: &MacKey) -> [u8; TAG_SIZE] {
    let plain = |c: char| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    };
    let typed = typed.chars().filter(|c| !matches!(c, '-' | ' ')).take(LENGTH + 1).map(plain);
    let code: Secret<String> = Secret::new(typed.collect());
    key.tag(&[user.as_str().as_bytes(), b"\0", code.expose().as_bytes()].concat())
}
