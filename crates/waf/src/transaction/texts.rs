//! All texts of a transaction in one buffer, each with a number; what a transformation makes of a
//! text is kept, so that every rule after the first one gets it for nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::plan::gate::Gate;
use crate::plan::rule::Chain;
use crate::transformations::{ByteSet, Transformation};

/// The number of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TextId(u32);

/// Longest text that is looked up among those made before.
const SHARED_LIMIT_BYTES: usize = 4_096;

/// Says that a result is not known yet.
const UNKNOWN: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u32,
    length: u32,
    /// The row of known results plus one; 0 for none.
    row: u32,
    /// The row of questions that can match plus one; 0 for none.
    gate: u32,
    has_mask: bool,
    mask: ByteSet,
}

/// The texts of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    buffer: Vec<u8>,
    entries: Vec<Entry>,
    /// Results by text and transformation, one row of [`Transformation::ALL`] a text.
    results: Vec<u32>,
    /// Questions that can match, one row a text.
    rows: Vec<u64>,
    scratch: Vec<u8>,
    /// Texts that transformations made, by the hash of their bytes.
    made: HashMap<u64, TextId>,
    hasher: RandomState,
    /// The buffer is full: later texts are empty, and the transaction says so.
    is_full: bool,
    limit: usize,
}

impl Texts {
    /// An empty store for at most `limit` bytes (and as many texts as fit a quarter of that).
    pub(crate) fn with_limit(limit: usize) -> Self {
        Self { limit: limit.min(u32::MAX as usize / 2), ..Self::default() }
    }

    /// Whether a text did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Keeps a text.
    pub(crate) fn add(&mut self, text: &[u8]) -> TextId {
        let fits =
            self.buffer.len() + text.len() <= self.limit && self.entries.len() < self.limit / 4;
        if !fits {
            self.is_full = true;
        }
        let kept = if fits { text } else { b"" };
        let number = u32::try_from(self.entries.len()).unwrap_or(UNKNOWN - 1);
        let start = u32::try_from(self.buffer.len()).unwrap_or_default();
        let length = u32::try_from(kept.len()).unwrap_or_default();
        if fits || self.entries.is_empty() {
            self.buffer.extend_from_slice(kept);
            self.entries.push(Entry {
                start,
                length,
                row: 0,
                gate: 0,
                has_mask: false,
                mask: ByteSet::default(),
            });
            return TextId(number);
        }
        TextId(number.saturating_sub(1))
    }

    /// The bytes of a text.
    pub(crate) fn get(&self, id: TextId) -> &[u8] {
        self.entry(id).and_then(|entry| self.bytes(entry)).unwrap_or_default()
    }

    fn entry(&self, id: TextId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    fn bytes(&self, entry: &Entry) -> Option<&[u8]> {
        let start = entry.start as usize;
        self.buffer.get(start..start + entry.length as usize)
    }

    /// The bytes that occur in a text.
    pub(crate) fn mask(&mut self, id: TextId) -> ByteSet {
        let Some(entry) = self.entry(id) else { return ByteSet::default() };
        if entry.has_mask {
            return entry.mask;
        }
        let mask = ByteSet::in_text(self.get(id));
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.mask = mask;
            entry.has_mask = true;
        }
        mask
    }

    /// What a list of transformations makes of a text.
    pub(crate) fn transform(&mut self, id: TextId, chain: &Chain) -> TextId {
        if self.passes(id, chain.trigger, chain.changes_empty) {
            return id;
        }
        chain.transformations.iter().fold(id, |id, transformation| self.step(id, *transformation))
    }

    /// What one transformation makes of a text; the same number when nothing changes.
    pub(crate) fn step(&mut self, id: TextId, transformation: Transformation) -> TextId {
        if self.passes(id, transformation.trigger(), transformation.changes_empty()) {
            return id;
        }
        let slot = self.results_of(id) + transformation.number();
        if let Some(known) = self.results.get(slot).filter(|known| **known != UNKNOWN) {
            return TextId(*known);
        }
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        transformation.apply(self.get(id), &mut out);
        let result = if out == self.get(id) { id } else { self.add_made(&out) };
        self.scratch = out;
        if let Some(known) = self.results.get_mut(slot) {
            *known = result.0;
        }
        result
    }

    /// Forgets which questions can match: another gate comes.
    pub(crate) fn forget_rows(&mut self) {
        self.rows.clear();
        self.entries.iter_mut().for_each(|entry| entry.gate = 0);
    }

    /// Which questions of a gate can match a text; gives where the row begins, and whether it is new.
    pub(crate) fn row_of(&mut self, id: TextId, gate: &Gate) -> (usize, bool) {
        let known = self.entry(id).map_or(0, |entry| entry.gate);
        if known > 0 {
            return ((known as usize - 1) * gate.words(), false);
        }
        let mask = self.mask(id);
        let start = self.rows.len();
        let mut rows = std::mem::take(&mut self.rows);
        rows.resize(start + gate.words(), 0);
        if let Some(row) = rows.get_mut(start..) {
            gate.row(self.get(id), mask, row);
        }
        self.rows = rows;
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.gate = u32::try_from(start.checked_div(gate.words()).unwrap_or_default() + 1)
                .unwrap_or_default();
        }
        (start, true)
    }

    /// The words of a row.
    pub(crate) fn row_words(&self, start: usize, words: usize) -> &[u64] {
        self.rows.get(start..start + words).unwrap_or_default()
    }

    /// How long a text is.
    pub(crate) fn length(&self, id: TextId) -> usize {
        self.entry(id).map_or(0, |entry| entry.length as usize)
    }

    /// Keeps what a transformation made; the same bytes are one text, so that what is known of them
    /// is known once.
    fn add_made(&mut self, text: &[u8]) -> TextId {
        if text.len() > SHARED_LIMIT_BYTES {
            return self.add(text);
        }
        let hash = self.hasher.hash_one(text);
        if let Some(known) = self.made.get(&hash).copied().filter(|known| self.get(*known) == text)
        {
            return known;
        }
        let id = self.add(text);
        self.made.insert(hash, id);
        id
    }

    fn passes(&mut self, id: TextId, trigger: ByteSet, changes_empty: bool) -> bool {
        let is_empty = self.entry(id).is_none_or(|entry| entry.length == 0);
        if is_empty { !changes_empty } else { !self.mask(id).meets(trigger) }
    }

    /// Where the known results of a text begin.
    fn results_of(&mut self, id: TextId) -> usize {
        let width = Transformation::ALL.len();
        let row = self.entry(id).map_or(0, |entry| entry.row);
        if row > 0 {
            return (row as usize - 1) * width;
        }
        let start = self.results.len();
        self.results.resize(start + width, UNKNOWN);
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.row = u32::try_from(start / width + 1).unwrap_or_default();
        }
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_texts_keep_their_number_and_results_are_kept() {
        let mut texts = Texts::with_limit(1000);
        let plain = texts.add(b"plain");
        let mixed = texts.add(b"Mi%78ed");
        let chain = Chain::new(vec![Transformation::UrlDecodeUni, Transformation::Lowercase]);
        assert_eq!(texts.transform(plain, &chain), plain);
        let first = texts.transform(mixed, &chain);
        assert_eq!(texts.get(first), b"mixed");
        assert_eq!(texts.transform(mixed, &chain), first);
    }

    #[test]
    fn lengths_of_empty_texts_are_zero() {
        let mut texts = Texts::with_limit(1000);
        let empty = texts.add(b"");
        let length = texts.transform(empty, &Chain::new(vec![Transformation::Length]));
        assert_eq!(texts.get(length), b"0");
    }

    #[test]
    fn texts_beyond_the_limit_are_said() {
        let mut texts = Texts::with_limit(40);
        texts.add(&[b'a'; 30]);
        assert!(!texts.is_full());
        texts.add(&[b'a'; 30]);
        assert!(texts.is_full());
    }
}
