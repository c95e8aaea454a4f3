//! Text about markup: Markdown shows code between fences and backticks, it does not run it.

use crate::detect::bytes::{part, tail};
use crate::detect::scan::class;
use crate::detect::view::View;

/// The stretches of a document that Markdown quotes. Asked about rising places.
#[derive(Debug)]
pub(super) struct Quoted<'a> {
    bytes: &'a [u8],
    applies: bool,
    scanned: usize,
    fenced: bool,
}

impl<'a> Quoted<'a> {
    /// Prose of some length around the code is what makes a document of it: a lone snippet in
    /// backticks is judged as if it were bare.
    pub(super) fn new(view: &View<'a>) -> Self {
        let words = view
            .bytes
            .split(|byte| *byte == b' ')
            .take(64)
            .filter(|word| is_prose_word(word))
            .count();
        let applies = view.mask.any(class::TICK) && words >= 6;
        Self { bytes: view.bytes, applies, scanned: 0, fenced: false }
    }

    /// Whether the byte at `place` is quoted.
    pub(super) fn covers(&mut self, place: usize) -> bool {
        if !self.applies {
            return false;
        }
        self.advance(place);
        self.fenced && memchr::memmem::find(tail(self.bytes, place), b"\n```").is_some()
            || self.inline(place)
    }

    fn advance(&mut self, place: usize) {
        let stretch = part(self.bytes, self.scanned, place);
        let start = self.scanned;
        for found in memchr::memmem::find_iter(stretch, b"```") {
            let at_line = start + found == 0 || self.bytes.get(start + found - 1) == Some(&b'\n');
            if at_line {
                self.fenced = !self.fenced;
            }
        }
        self.scanned = place;
    }

    /// `` `<script>` `` within one line of prose.
    fn inline(&self, place: usize) -> bool {
        let head = part(self.bytes, 0, place);
        let line = memchr::memrchr(b'\n', head).map_or(0, |end| end + 1);
        let ticks = memchr::memchr_iter(b'`', part(self.bytes, line, place)).count();
        let rest = tail(self.bytes, place);
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        ticks % 2 == 1 && memchr::memchr(b'`', part(rest, 0, end)).is_some()
    }
}

fn is_prose_word(word: &[u8]) -> bool {
    let word = word.strip_suffix(b",").or_else(|| word.strip_suffix(b".")).unwrap_or(word);
    word.len() >= 2 && word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
}
