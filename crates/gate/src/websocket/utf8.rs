//! UTF-8 that comes in pieces.

use std::str::from_utf8;

/// Reads pieces of one text; a character may be cut between two of them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character whose rest is to come.
    open: [u8; 4],
    length: usize,
}

impl Utf8 {
    /// Whether the text can still be UTF-8 with this piece.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> bool {
        while self.length > 0 {
            let Some((first, rest)) = bytes.split_first() else { return true };
            let Some(place) = self.open.get_mut(self.length) else { return false };
            *place = *first;
            self.length = self.length.saturating_add(1);
            bytes = rest;
            match from_utf8(self.open.get(..self.length).unwrap_or_default()) {
                Ok(_) => self.length = 0,
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match from_utf8(bytes) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                for byte in bytes.iter().skip(error.valid_up_to()) {
                    if let Some(place) = self.open.get_mut(self.length) {
                        *place = *byte;
                        self.length = self.length.saturating_add(1);
                    }
                }
                true
            }
        }
    }

    /// Whether the text may end here.
    pub(super) const fn is_whole(self) -> bool {
        self.length == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn judge(pieces: &[&[u8]]) -> bool {
        let mut text = Utf8::default();
        pieces.iter().all(|piece| text.push(piece)) && text.is_whole()
    }

    proptest! {
        #[test]
        fn pieces_are_judged_as_the_whole_is(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0xe2), Just(0x82), Just(0xac), Just(b'a')], 0..12),
            size in 1..4_usize,
        ) {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            prop_assert_eq!(judge(&pieces), from_utf8(&bytes).is_ok());
        }

        #[test]
        fn any_text_passes_however_it_is_cut(text in ".{0,12}", size in 1..5_usize) {
            let pieces: Vec<&[u8]> = text.as_bytes().chunks(size).collect();
            prop_assert!(judge(&pieces));
        }
    }

    #[test]
    fn what_can_no_longer_become_text_is_told_at_once() {
        let mut text = Utf8::default();
        assert!(text.push(b"\xf4"));
        assert!(!text.push(b"\x90"), "beyond U+10FFFF");
        assert!(!Utf8::default().push(b"\xed\xa0\x80"), "a surrogate");
        assert!(!Utf8::default().push(b"\xc0\x80"), "an overlong form");
    }
}
