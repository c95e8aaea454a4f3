//! What a refresh token looks like.

use std::fmt;

use mantlet_crypto::{MacKey, TAG_SIZE};
use mantlet_types::Secret;

use super::{Family, FamilyId};
use crate::checked_text::{
    CHECKSUM_LEN, SECRET_LEN, append_checksum, digits, is_digits, number, strip_checksum,
};

const PREFIX: &str = "mr_";

/// Digits of a generation.
const GENERATION_LEN: usize = 6;

/// A new refresh token, to be given to its owner. It cannot be printed by accident.
#[derive(Debug)]
#[must_use = "the token before it is used up"]
pub struct IssuedRefresh(Secret<String>);

impl IssuedRefresh {
    /// The token of `generation` of a family.
    pub(super) fn of(family: &Family, generation: u32, key: &MacKey) -> Self {
        let secret = secret(family, generation, key);
        let mut text = String::with_capacity(
            PREFIX.len() + FamilyId::LEN + GENERATION_LEN + 1 + SECRET_LEN + CHECKSUM_LEN,
        );
        text.push_str(PREFIX);
        text.push_str(family.id.as_str());
        text.extend(digits::<GENERATION_LEN>(generation).map(char::from));
        text.push('_');
        text.push_str(secret.expose());
        append_checksum(&mut text);
        Self(Secret::new(text))
    }

    /// The whole token, for its owner.
    #[must_use]
    pub fn reveal(self) -> Secret<String> {
        self.0
    }
}

/// A well-formed refresh token as a client sent it.
#[derive(Clone, Copy)]
pub(super) struct PresentedRefresh<'a> {
    pub(super) family: FamilyId,
    pub(super) generation: u32,
    secret: &'a str,
}

impl<'a> PresentedRefresh<'a> {
    /// Reads a token; `None` for what is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len()
            != PREFIX.len() + FamilyId::LEN + GENERATION_LEN + 1 + SECRET_LEN + CHECKSUM_LEN
        {
            return None;
        }
        let (id, secret) = strip_checksum(text)?.strip_prefix(PREFIX)?.split_once('_')?;
        let (family, generation) = id.split_at_checked(FamilyId::LEN)?;
        if secret.len() != SECRET_LEN || !is_digits(secret) {
            return None;
        }
        let generation = number(generation.as_bytes())?;
        Some(Self { family: FamilyId::parse(family)?, generation, secret })
    }

    /// Whether this token was ever given out for `family`.
    pub(super) fn is_of(&self, family: &Family, key: &MacKey) -> bool {
        family.id == self.family
            && secret(family, self.generation, key).matches(self.secret.as_bytes())
    }
}

impl fmt::Debug for PresentedRefresh<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PresentedRefresh({} {})", self.family, self.generation)
    }
}

/// The secret of one generation: 256 bits of a tag, as digits.
fn secret(family: &Family, generation: u32, key: &MacKey) -> Secret<String> {
    let generation = generation.to_be_bytes();
    let message = [family.id.as_str().as_bytes(), family.salt.as_slice(), &generation].concat();
    Secret::new(in_digits(key.tag(&message)))
}

/// A tag as 43 digits of base 62: the long division of a number of 256 bits.
fn in_digits(mut tag: [u8; TAG_SIZE]) -> String {
    let mut text = Vec::with_capacity(SECRET_LEN);
    for _ in 0..SECRET_LEN {
        let rest = tag.iter_mut().fold(0_u32, |rest, byte| {
            let value = rest << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            value % 62
        });
        text.extend(digits::<1>(rest));
    }
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_keeps_all_its_bits() {
        let zero = in_digits([0; TAG_SIZE]);
        assert_eq!(zero, "0".repeat(SECRET_LEN));
        // 256 of base 62 is "48", written from the lowest digit.
        let mut tag = [0; TAG_SIZE];
        tag[30] = 1;
        assert_eq!(in_digits(tag), format!("84{}", "0".repeat(SECRET_LEN - 2)));
        assert_ne!(in_digits([0xff; TAG_SIZE]), in_digits([0xfe; TAG_SIZE]));
    }
}
