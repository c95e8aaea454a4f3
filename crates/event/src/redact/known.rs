//! Secrets whose value is known, in every form in which they commonly travel.

use std::borrow::Cow;
use std::fmt::Write as _;

use aho_corasick::{AhoCorasick, MatchKind};
use mantlet_types::Secret;

use super::REDACTED;
use crate::json;

/// Shorter values are not searched for.
const MIN_BYTES: usize = 8;

/// A search for known secrets.
pub(super) enum Known {
    /// There is nothing to search for.
    Nothing,
    /// Any match is a secret in one of its forms.
    Search(Box<AhoCorasick>),
    /// The search could not be built; then nothing passes.
    Unbuildable,
}

impl Known {
    pub(super) fn new(secrets: &[Secret<String>]) -> Self {
        let forms: Vec<Secret<String>> = secrets
            .iter()
            .map(Secret::expose)
            .filter(|value| value.len() >= MIN_BYTES)
            .flat_map(|value| forms(value))
            .map(Secret::new)
            .filter(|form| form.expose().len() >= MIN_BYTES)
            .collect();
        if forms.is_empty() {
            return Self::Nothing;
        }
        // Without regard to case one pattern covers both spellings of `%2f`; a secret in the wrong
        // case is still too close to the secret.
        AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .ascii_case_insensitive(true)
            .build(forms.iter().map(Secret::expose))
            .map_or(Self::Unbuildable, |search| Self::Search(Box::new(search)))
    }

    pub(super) fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self {
            Self::Nothing => Cow::Borrowed(text),
            Self::Unbuildable => Cow::Borrowed(REDACTED),
            Self::Search(search) if !search.is_match(text) => Cow::Borrowed(text),
            Self::Search(search) => {
                let mut out = String::with_capacity(text.len());
                search.replace_all_with(text, &mut out, |_, _, out| {
                    out.push_str(REDACTED);
                    true
                });
                Cow::Owned(out)
            }
        }
    }
}

/// `value` itself and its encodings.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![
        value.to_owned(),
        percent(value, "-._~"),
        // What `encodeURIComponent` leaves alone, and what forms make of a space.
        percent(value, "-._~!'()*"),
        percent(value, "-._~ ").replace(' ', "+"),
    ];
    let mut quoted = String::new();
    json::escape(&mut quoted, value);
    forms.push(quoted);
    for alphabet in [STANDARD, URL_SAFE] {
        forms.push(base64(value.as_bytes(), alphabet));
        forms.extend((0..3).map(|offset| base64_inside(value, offset, alphabet)));
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// `value` with everything but letters, digits and `kept` percent-encoded.
fn percent(value: &str, kept: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 without padding.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = (0..3)
            .fold(0_u32, |group, at| group << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..=chunk.len() {
            let index = (group >> (18 - 6 * digit)) & 63;
            let letter = usize::try_from(index).ok().and_then(|index| alphabet.get(index));
            out.extend(letter.map(|byte| char::from(*byte)));
        }
    }
    out
}

/// The letters that `value` always has when `offset` bytes (modulo 3) come before it in the
/// encoded text: without those it shares with its neighbours. Finds `user:password` in one piece.
fn base64_inside(value: &str, offset: usize, alphabet: &[u8; 64]) -> String {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(value.as_bytes());
    let encoded = base64(&padded, alphabet);
    let shared_before = [0, 2, 3].get(offset).copied().unwrap_or(0);
    let shared_after = usize::from(!padded.len().is_multiple_of(3));
    let kept = encoded.len().saturating_sub(shared_before + shared_after);
    encoded.chars().skip(shared_before).take(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_follows_the_vectors_of_rfc_4648() {
        for (text, expected) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes(), STANDARD), expected);
        }
    }

    #[test]
    fn a_value_is_found_inside_encoded_text_at_every_offset() {
        let known = Known::new(&[Secret::new("correct-horse".to_owned())]);
        for before in ["", "a", "ab", "abc", "user:"] {
            let encoded = base64(format!("{before}correct-horse!").as_bytes(), STANDARD);
            assert!(known.redact(&encoded).contains(REDACTED), "{before}");
        }
    }
}
