//! Putting something else in the place of a secret text, across the borders of parts.

use std::fmt;

use mantlet_types::Secret;
use memchr::memmem::Finder;

/// The fewest characters of a placeholder: nobody is to guess it.
pub(in super::super) const SHORTEST: usize = 32;
/// The most characters of a placeholder: so much is held back at most.
const LONGEST: usize = 256;

/// The secret text that stands for a nonce.
#[derive(Clone)]
pub(in super::super) struct Placeholder(Finder<'static>);

/// Why a text cannot be the placeholder; it never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct PlaceholderError;

impl fmt::Display for PlaceholderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the placeholder is not {SHORTEST} to {LONGEST} letters, digits, `-` and `_`")
    }
}

impl fmt::Debug for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl Placeholder {
    /// Takes a text that no escaping of a template changes and that nobody can guess.
    pub(in super::super) fn new(secret: &Secret<String>) -> Result<Self, PlaceholderError> {
        let text = secret.expose().as_bytes();
        let is_fine = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let mut seen = [false; 256];
        for byte in text {
            if let Some(seen) = seen.get_mut(usize::from(*byte)) {
                *seen = true;
            }
        }
        // A text of a few letters again and again is no secret.
        let variety = seen.iter().filter(|seen| **seen).count();
        let is_long = (SHORTEST..=LONGEST).contains(&text.len());
        if !is_long || !text.iter().all(is_fine) || variety < 8 {
            return Err(PlaceholderError);
        }
        Ok(Self(Finder::new(text).into_owned()))
    }

    fn text(&self) -> &[u8] {
        self.0.needle()
    }

    /// `text` with `by` in each of its places; `None` when there is none.
    pub(in super::super) fn replaced(&self, text: &[u8], by: &[u8]) -> Option<Vec<u8>> {
        self.0.find(text)?;
        let mut replace = Replace::new(self.clone(), by.to_vec());
        let mut out = Vec::new();
        replace.push(text, &mut out);
        replace.finish(&mut out);
        Some(out)
    }

    /// As many stars-in-disguise as it has letters: what is masked keeps its length.
    pub(in super::super) fn mask(&self) -> Vec<u8> {
        vec![b'x'; self.text().len()]
    }

    /// How many bytes at the end of `text` may be the beginning of it.
    fn beginning_at_end(&self, text: &[u8]) -> usize {
        let needle = self.text();
        let most = text.len().min(needle.len().saturating_sub(1));
        let may_be = |length: &usize| {
            needle.get(..*length).is_some_and(|beginning| text.ends_with(beginning))
        };
        (1..=most).rev().find(may_be).unwrap_or(0)
    }
}

/// Replaces a placeholder in a stream.
#[derive(Debug)]
pub(super) struct Replace {
    placeholder: Placeholder,
    by: Vec<u8>,
    /// The beginning of a placeholder at the end of what came so far.
    held: Vec<u8>,
}

impl Replace {
    pub(super) const fn new(placeholder: Placeholder, by: Vec<u8>) -> Self {
        Self { placeholder, by, held: Vec::new() }
    }

    /// Takes all of `data`; what cannot be the beginning of a placeholder goes out.
    pub(super) fn push(&mut self, data: &[u8], out: &mut Vec<u8>) {
        if self.held.is_empty() {
            return self.scan(data, out);
        }
        let mut text = std::mem::take(&mut self.held);
        text.extend_from_slice(data);
        self.scan(&text, out);
    }

    fn scan(&mut self, mut text: &[u8], out: &mut Vec<u8>) {
        let length = self.placeholder.text().len();
        while let Some(at) = self.placeholder.0.find(text) {
            out.extend_from_slice(text.get(..at).unwrap_or_default());
            out.extend_from_slice(&self.by);
            text = text.get(at.saturating_add(length)..).unwrap_or_default();
        }
        let kept = self.placeholder.beginning_at_end(text);
        let (sure, held) = text.split_at(text.len().saturating_sub(kept));
        out.extend_from_slice(sure);
        self.held.extend_from_slice(held);
    }

    /// What was held back was no placeholder.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "abcdefgh-ijklmnop_QRSTUVWX-01234567";

    fn placeholder() -> Placeholder {
        Placeholder::new(&Secret::new(TEXT.to_owned())).unwrap()
    }

    fn stream(parts: &[&[u8]]) -> Vec<u8> {
        let mut replace = Replace::new(placeholder(), b"N".to_vec());
        let mut out = Vec::new();
        parts.iter().for_each(|part| replace.push(part, &mut out));
        replace.finish(&mut out);
        out
    }

    #[test]
    fn a_placeholder_that_can_be_guessed_is_refused() {
        for text in [
            "",
            "short",
            "abcdefgh-ijklmnop_QRSTUVWX-012",
            "a b c d e f g h i j k l m n o p q r s t",
            "abcdefgh<ijklmnop>QRSTUVWX'01234567",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            &"abcdefgh".repeat(40),
        ] {
            let error = Placeholder::new(&Secret::new(text.to_owned())).unwrap_err().to_string();
            assert!(text.is_empty() || !error.contains(text), "{error}");
        }
    }

    #[test]
    fn nothing_but_a_beginning_is_held_back() {
        let mut replace = Replace::new(placeholder(), b"N".to_vec());
        let mut out = Vec::new();
        replace.push(b"<p>hello</p>", &mut out);
        assert_eq!(out, b"<p>hello</p>");
        replace.push(b"<script nonce=\"abcdef", &mut out);
        assert!(out.ends_with(b"nonce=\""));
        replace.push(b"x\">", &mut out);
        assert!(out.ends_with(b"abcdefx\">"));
    }

    proptest! {
        #[test]
        fn it_is_replaced_wherever_it_is_cut(
            pieces in prop::collection::vec(prop_oneof![
                Just(TEXT.to_owned()), Just("abcdefgh-ijklmnop_QR".to_owned()), Just("abcabcd".to_owned()), "[a-z]{0,6}",
            ], 0..8),
            cuts in prop::collection::vec(0..400_usize, 0..8),
        ) {
            let whole = pieces.concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let bytes = whole.as_bytes();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| bytes.get(pair[0]..pair[1]).unwrap()).collect();
            let expected = whole.replace(TEXT, "N");
            prop_assert_eq!(String::from_utf8(stream(&parts)).unwrap(), expected);
        }
    }
}
