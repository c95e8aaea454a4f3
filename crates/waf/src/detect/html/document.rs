//! Text about markup: Markdown shows code between fences and backticks, it does not run it.

use super::Sign;
use crate::detect::bytes::{part, tail};
use crate::detect::scan::class;
use crate::detect::view::View;

/// `/S /JavaScript /JS (…)`: a script that a reader of PDF runs when the document is opened.
pub(super) fn action(view: &View<'_>) -> Option<Sign> {
    let begun = view.bytes.starts_with(b"%PDF-") || view.bytes.starts_with(b"<<");
    let place = begun.then(|| memchr::memmem::find(view.bytes, b"/JavaScript")).flatten()?;
    memchr::memmem::find(tail(view.bytes, place), b"/JS")?;
    Some(Sign { confidence: 70, start: place, end: place + 11, reason: "a script in a document" })
}

/// `x; script-src *`: a directive behind something else: it would be added to the policy of a page.
pub(super) fn policy(view: &View<'_>) -> Option<Sign> {
    const DIRECTIVES: &[&[u8]] = &[b"script-src", b"default-src"];
    if !view.is_short() || view.is_header() {
        return None;
    }
    let bytes = view.trimmed();
    let place = memchr::memchr_iter(b';', bytes).find(|place| {
        let next = tail(bytes, crate::detect::bytes::skip_space(bytes, place + 1));
        DIRECTIVES.iter().any(|name| crate::detect::bytes::starts_with(next, name))
    })?;
    // A whole policy begins with a directive.
    let head = part(bytes, 0, place);
    let directive =
        crate::detect::bytes::contains_any(head, &["-src", "-uri", "-to", "sandbox", "policy"]);
    let reason = "a directive for the policy of the page";
    (!directive).then_some(Sign { confidence: 62, start: place, end: place + 12, reason })
}

/// The stretches of a document that Markdown quotes. Asked about rising places.
#[derive(Debug)]
pub(super) struct Quoted<'a> {
    bytes: &'a [u8],
    applies: bool,
    scanned: usize,
    fenced: bool,
    /// Where the last line that begins with a fence starts.
    last_fence: usize,
    /// Backticks on the line so far.
    ticks: usize,
    /// The next backtick or end of line that is known of.
    next_sign: usize,
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
        let last_fence = if applies { memchr::memmem::rfind(view.bytes, b"\n```") } else { None };
        Self {
            bytes: view.bytes,
            applies,
            scanned: 0,
            fenced: false,
            last_fence: last_fence.unwrap_or(0),
            ticks: 0,
            next_sign: 0,
        }
    }

    /// Whether the byte at `place` is quoted.
    pub(super) fn covers(&mut self, place: usize) -> bool {
        if !self.applies {
            return false;
        }
        self.advance(place);
        self.fenced && self.last_fence >= place || self.inline(place)
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
        let line = memchr::memrchr(b'\n', stretch);
        let on_line = tail(stretch, line.map_or(0, |end| end + 1));
        let before = if line.is_some() { 0 } else { self.ticks };
        self.ticks = before + memchr::memchr_iter(b'`', on_line).count();
        self.scanned = place.max(self.scanned);
    }

    /// `` `<script>` `` within one line of prose.
    fn inline(&mut self, place: usize) -> bool {
        if self.next_sign < place {
            let rest = tail(self.bytes, place);
            let sign = memchr::memchr2(b'`', b'\n', rest);
            self.next_sign = sign.map_or(self.bytes.len(), |sign| place + sign);
        }
        self.ticks % 2 == 1 && self.bytes.get(self.next_sign) == Some(&b'`')
    }
}

fn is_prose_word(word: &[u8]) -> bool {
    let word = word.strip_suffix(b",").or_else(|| word.strip_suffix(b".")).unwrap_or(word);
    word.len() >= 2 && word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
}
