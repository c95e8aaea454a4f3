//! One reading of a value, and the notes detectors take about it.

use std::ops::Range;

use super::budget::Budget;
use super::bytes;
use super::finding::{Class, Layer};
use super::input::{Hint, Place};
use super::scan::Mask;

/// Up to this length a value that is code from end to end is no text about code.
const SHORT: usize = 256;

/// A value as it reads after some decoding.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) place: Place<'a>,
    pub(super) name: &'a [u8],
    pub(super) hint: Hint,
    pub(super) mask: Mask,
    pub(super) signals: u32,
    pub(super) layers: &'a [Layer],
}

impl View<'_> {
    /// Whether a word of one of these groups occurs.
    pub(super) fn has(&self, groups: u32) -> bool {
        self.signals & groups != 0
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

    fn lines(&self) -> usize {
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
