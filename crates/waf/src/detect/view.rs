//! One reading of a value, and the notes detectors take about it.

use std::cell::{Cell, OnceCell};
use std::ops::Range;

use super::budget::Budget;
use super::bytes;
use super::finding::{Class, Layer};
use super::input::{Hint, Input, Place};
use super::scan::Mask;
use super::signals::Signals;

/// Up to this length a value that is code from end to end is no text about code.
const SHORT: usize = 256;

/// A value as it reads after some decoding.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) place: Place<'a>,
    pub(super) name: &'a [u8],
    pub(super) hint: Hint,
    pub(super) mask: Mask,
    pub(super) signals: u32,
    pub(super) layers: &'a [Layer],
    shape: Shape,
}

/// What detectors ask of a value as a whole, many times over: found out once.
#[derive(Debug, Clone, Default)]
struct Shape {
    trimmed: OnceCell<Range<usize>>,
    lines: OnceCell<usize>,
    is_prose: OnceCell<bool>,
    words: OnceCell<usize>,
    first_tag: OnceCell<usize>,
    /// Units of work that nobody has paid for yet.
    counted: Cell<usize>,
}

impl<'a> View<'a> {
    /// The same value as it reads as `bytes`.
    pub(super) fn reading<'b>(&'b self, bytes: &'b [u8]) -> View<'b> {
        let Self { place, name, hint, mask, signals, layers, .. } = *self;
        View { bytes, place, name, hint, mask, signals, layers, shape: Shape::default() }
    }

    /// The value of `input` as it reads as `bytes`, with what the first pass says of these.
    pub(super) fn new(
        input: &Input<'a>,
        bytes: &'a [u8],
        (mask, signals): (Mask, u32),
        layers: &'a [Layer],
    ) -> Self {
        let Input { place, name, hint, .. } = *input;
        Self { bytes, place, name, hint, mask, signals, layers, shape: Shape::default() }
    }
}

impl View<'_> {
    /// Whether a word of one of these groups occurs.
    pub(super) fn has(&self, groups: u32) -> bool {
        self.signals & groups != 0
    }

    /// The value without white space and NUL at both ends, of which there may be much.
    pub(super) fn trimmed(&self) -> &[u8] {
        let range = self.trimmed_range();
        bytes::part(self.bytes, range.start, range.end)
    }

    /// What stands from `place` on, without white space and NUL at both ends.
    pub(super) fn rest(&self, place: usize) -> &[u8] {
        bytes::trimmed(bytes::part(self.bytes, place, self.trimmed_range().end))
    }

    /// Where the value begins behind white space and NUL.
    pub(super) fn start(&self) -> usize {
        self.trimmed_range().start
    }

    /// What stands before `place`, without white space and NUL at both ends.
    pub(super) fn head(&self, place: usize) -> &[u8] {
        bytes::trimmed(bytes::part(self.bytes, self.trimmed_range().start, place))
    }

    fn trimmed_range(&self) -> Range<usize> {
        let range = self.shape.trimmed.get_or_init(|| {
            let start = bytes::start_of(self.bytes);
            start..start + bytes::trimmed(bytes::tail(self.bytes, start)).len()
        });
        range.clone()
    }

    /// Whether the value is so short that code in it is not quoted for a reader.
    pub(super) fn is_short(&self) -> bool {
        self.bytes.len() <= SHORT && self.lines() <= 3
    }

    /// Whether the value is a text of several lines, or a long one: documents hold code that is not
    /// meant to run.
    pub(super) fn is_document(&self) -> bool {
        self.bytes.len() > 2_000 || self.lines() > 3
    }

    /// Whether the value reads as a sentence: words, and little else between the spaces.
    pub(super) fn is_prose(&self) -> bool {
        *self.shape.is_prose.get_or_init(|| self.reads_as_prose())
    }

    fn reads_as_prose(&self) -> bool {
        // Signs that stand at the edges of words in sentences.
        let edge = |byte: &&u8| {
            matches!(
                byte,
                b',' | b'.' | b';' | b':' | b'?' | b'!' | b'"' | b'`' | b'(' | b')' | b'*'
            )
        };
        let mut counts = (0, 0);
        for token in self.bytes.split(|byte| bytes::is_space(*byte)).take(64) {
            let start = token.iter().take(2).take_while(edge).count();
            let rest = bytes::tail(token, start);
            let end = rest.len() - rest.iter().rev().take(3).take_while(edge).count();
            let word = bytes::part(rest, 0, end);
            let plain = word.len() > 1
                && word.iter().all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80);
            counts.0 += u32::from(plain);
            counts.1 += u32::from(!token.is_empty());
        }
        counts.0 >= 5 && counts.0 * 10 >= counts.1 * 6
    }

    /// Whether several words stand before `place`.
    pub(super) fn has_words_before(&self, place: usize) -> bool {
        const SEVERAL: usize = 4;
        let end = self.shape.words.get_or_init(|| {
            let spaces = self.bytes.iter().enumerate().filter(|(_, byte)| bytes::is_space(**byte));
            spaces.map(|(place, _)| place + 1).nth(SEVERAL - 1).unwrap_or(usize::MAX)
        });
        *end <= place
    }

    /// Whether a `<` stands before `place`.
    pub(super) fn has_tag_before(&self, place: usize) -> bool {
        let find = || memchr::memchr(b'<', self.bytes).unwrap_or(usize::MAX);
        *self.shape.first_tag.get_or_init(find) < place
    }

    /// Takes note of work that was done, to be paid for when it is [asked for](Self::take_count).
    pub(super) fn count(&self, units: usize) {
        self.shape.counted.set(self.shape.counted.get() + units);
    }

    /// The units of work that were done since this was last asked for.
    pub(super) fn take_count(&self) -> usize {
        self.shape.counted.take()
    }

    fn lines(&self) -> usize {
        *self.shape.lines.get_or_init(|| self.count_lines())
    }

    fn count_lines(&self) -> usize {
        if !self.mask.any(super::scan::class::LINE) {
            return 1;
        }
        // Line breaks between the words of an attack make no document of it.
        let long = |line: &&[u8]| bytes::trimmed(line).len() >= 12;
        self.bytes.split(|byte| *byte == b'\n').filter(long).take(8).count()
    }

    /// Whether an encoding that no browser adds had to be taken off.
    pub(super) fn was_hidden(&self) -> bool {
        !self.layers.is_empty()
    }

    /// Whether the value is a header of the protocol.
    pub(super) fn is_header(&self) -> bool {
        matches!(self.place, Place::Header(_))
    }
}

/// What one detector saw in one view.
#[derive(Debug, Clone)]
pub(super) struct Note {
    pub(super) class: Class,
    pub(super) confidence: u8,
    pub(super) span: Range<usize>,
    pub(super) reason: &'static str,
}

/// What a detector may spend and where it writes.
#[derive(Debug)]
pub(super) struct Work<'a> {
    pub(super) budget: &'a mut Budget,
    pub(super) notes: &'a mut Vec<Note>,
}

impl Work<'_> {
    /// What it costs to look for one word in a view: something, and a unit for so many bytes.
    const WORD: usize = 8;
    const BYTES_A_UNIT: usize = 40;

    /// Takes the cost of looking at every byte of `view`, and for so many words in it.
    pub(super) fn look(&mut self, view: &View<'_>, words: usize, part: &'static str) -> bool {
        let bytes = view.bytes.len();
        let word = Self::WORD + bytes / Self::BYTES_A_UNIT;
        self.budget.spend(bytes + words * word, part)
    }

    /// The groups of `index` whose words occur in `view`, for one look at each byte; none once the budget
    /// is spent.
    pub(super) fn groups(&mut self, view: &View<'_>, index: &Signals, part: &'static str) -> u32 {
        if self.budget.spend(view.bytes.len(), part) { index.of(view.bytes) } else { 0 }
    }

    /// Notes for one view; the surest of a kind survives anyway.
    const LIMIT: usize = 256;

    /// Writes a note; confidence 0 is none.
    pub(super) fn note(
        &mut self,
        class: Class,
        confidence: u8,
        span: Range<usize>,
        reason: &'static str,
    ) {
        let known = self.notes.iter().any(|note| {
            note.class == class && note.reason == reason && note.confidence >= confidence
        });
        if confidence > 0 && !known && self.notes.len() < Self::LIMIT {
            self.notes.push(Note { class, confidence, span, reason });
        }
    }
}
