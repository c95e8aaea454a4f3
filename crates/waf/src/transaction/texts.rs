//! All texts of a transaction in one buffer, each with a number; what a transformation makes of a
//! text is kept, so that every rule after the first one gets it for nothing.

mod matching;

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault};

use foldhash::quality::RandomState;

use super::hashed::Hashed;
use super::rows::{RowId, Rows};
use crate::plan::memo::TEXT_LIMIT_BYTES;
use crate::plan::rule::Chain;
use crate::transformations::{ByteSet, Transformation, base64};

/// The number of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TextId(u32);

/// Longest text that is looked up among those made before.
const SHARED_LIMIT_BYTES: usize = 4_096;

/// Says that a result is not known yet.
const UNKNOWN: u32 = u32::MAX;

/// Buffers that hold more than this many elements are not used again.
const SMALL: usize = 1 << 13;

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    start: u32,
    length: u32,
    /// The row of known results plus one; 0 for none.
    row: u32,
    /// The rows of questions that can match the text as it is, one for each gate.
    gates: [Option<RowId>; 2],
    /// The row of questions that can match its transformations.
    known: Option<RowId>,
    has_mask: bool,
    /// It comes again with other requests: what is known of it is remembered.
    is_common: bool,
    /// More is known of it than is remembered.
    is_news: bool,
    mask: ByteSet,
}

/// The texts of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    buffer: Vec<u8>,
    entries: Vec<Entry>,
    /// Results by text and transformation, one row of [`Transformation::ALL`] a text.
    results: Vec<u32>,
    /// Questions that can match a text as it is, for each gate.
    gate_rows: [Rows; 2],
    /// Questions that can match what transformations make of a text; before each row the classes
    /// it holds.
    known_rows: Rows,
    /// A row that is being put together.
    row: Vec<u64>,
    /// Texts of which more is known than is remembered.
    news: Vec<TextId>,
    scratch: Vec<u8>,
    /// Short texts of arguments and those that transformations made, by the hash of their bytes.
    shared: HashMap<u64, TextId, BuildHasherDefault<Hashed>>,
    hasher: RandomState,
    /// Bytes that transformations read and made, and that nobody has taken account of yet.
    uncounted: u64,
    /// The buffer is full: later texts are empty, and the transaction says so.
    is_full: bool,
    limit: usize,
}

impl Texts {
    /// Empties the store; with what is known of the texts it takes at most about `limit` bytes.
    pub(crate) fn renew(&mut self, limit: usize) {
        self.buffer.clear();
        self.entries.clear();
        self.results.clear();
        self.news.clear();
        self.shared.clear();
        self.uncounted = 0;
        self.is_full = false;
        self.limit = limit.min(u32::MAX as usize / 2);
    }

    /// Whether the buffers are worth keeping for another transaction.
    pub(crate) fn is_small(&self) -> bool {
        self.buffer.capacity() <= 8 * SMALL
            && self.scratch.capacity() <= 8 * SMALL
            && self.entries.capacity() <= SMALL / 8
            && self.results.capacity() <= 2 * SMALL
            && self.gate_rows.iter().all(|rows| rows.is_small(SMALL))
            && self.known_rows.is_small(SMALL)
            && self.shared.capacity() <= SMALL / 8
    }

    /// What is used of the limit: the texts, and what is known of them.
    const fn used_bytes(&self) -> usize {
        let [first, second] = &self.gate_rows;
        self.buffer.len()
            + size_of::<Entry>() * self.entries.len()
            + size_of::<u32>() * self.results.len()
            + first.bytes()
            + second.bytes()
            + self.known_rows.bytes()
    }

    /// The work of transformations since it was asked for last.
    pub(super) const fn take_work(&mut self) -> u64 {
        std::mem::replace(&mut self.uncounted, 0)
    }

    /// Whether a text did not fit.
    pub(crate) const fn is_full(&self) -> bool {
        self.is_full
    }

    /// Keeps a text.
    pub(crate) fn add(&mut self, text: &[u8]) -> TextId {
        let fits = self.used_bytes() + text.len() <= self.limit;
        if !fits {
            self.is_full = true;
        }
        let kept = if fits { text } else { b"" };
        let number = u32::try_from(self.entries.len()).unwrap_or(UNKNOWN - 1);
        let start = u32::try_from(self.buffer.len()).unwrap_or_default();
        let length = u32::try_from(kept.len()).unwrap_or_default();
        if fits || self.entries.is_empty() {
            self.buffer.extend_from_slice(kept);
            self.entries.push(Entry { start, length, ..Entry::default() });
            return TextId(number);
        }
        TextId(number.saturating_sub(1))
    }

    /// Keeps a text that may come again in this request: what is known of it is known once.
    pub(crate) fn add_shared(&mut self, text: &[u8]) -> TextId {
        if text.len() > SHARED_LIMIT_BYTES {
            return self.add(text);
        }
        let hash = self.hasher.hash_one(text);
        let known = self.shared.get(&hash).copied();
        if let Some(known) = known.filter(|known| self.get(*known) == text) {
            return known;
        }
        let id = self.add(text);
        self.shared.insert(hash, id);
        id
    }

    /// Keeps a text that comes again with other requests and is no secret.
    pub(crate) fn add_common(&mut self, text: &[u8]) -> TextId {
        let id = self.add_shared(text);
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.is_common = text.len() <= TEXT_LIMIT_BYTES;
        }
        id
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
        (0..chain.transformations.len()).fold(id, |id, position| self.step(id, chain, position))
    }

    /// What one transformation of a list makes of a text; the same number when nothing changes.
    pub(crate) fn step(&mut self, id: TextId, chain: &Chain, position: usize) -> TextId {
        let (Some(transformation), Some(trigger)) =
            (chain.transformations.get(position), chain.triggers.get(position))
        else {
            return id;
        };
        if self.passes(id, *trigger, transformation.changes_empty())
            || transformation.leaves(self.get(id))
        {
            return id;
        }
        let slot = self.results_of(id) + transformation.number();
        if let Some(known) = self.results.get(slot).filter(|known| **known != UNKNOWN) {
            return TextId(*known);
        }
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        transformation.apply(self.get(id), &mut out);
        self.uncounted += (self.length(id) + out.len()) as u64;
        let result = if out == self.get(id) { id } else { self.add_shared(&out) };
        self.scratch = out;
        if let Some(known) = self.results.get_mut(slot) {
            *known = result.0;
        }
        result
    }

    /// Whether a list of transformations is sure to make texts of a text, other than itself, that are
    /// all shorter than `shortest`: the first that changes it decodes base64, of which it has little.
    pub(crate) fn comes_to_little(&mut self, id: TextId, chain: &Chain, shortest: usize) -> bool {
        let mask = self.mask(id);
        let mut steps = chain.transformations.iter().zip(&chain.triggers);
        let changing = steps.find(|(_, trigger)| mask.meets(**trigger));
        matches!(changing, Some((Transformation::Base64Decode, _)))
            && base64::decoded_length(self.get(id)) < shortest
            && steps.all(|(later, _)| !later.may_grow())
    }

    /// How long a text is.
    pub(crate) fn length(&self, id: TextId) -> usize {
        self.entry(id).map_or(0, |entry| entry.length as usize)
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
            entry.row = number_of(start / width);
        }
        start
    }
}

/// Whether a row has a bit.
pub(super) fn has_bit(words: &[u64], bit: usize) -> bool {
    words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}

/// A position plus one; 0 means none.
fn number_of(position: usize) -> u32 {
    u32::try_from(position + 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_limit(limit: usize) -> Texts {
        let mut texts = Texts::default();
        texts.renew(limit);
        texts
    }

    #[test]
    fn unchanged_texts_keep_their_number_and_results_are_kept() {
        let mut texts = with_limit(1000);
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
        let mut texts = with_limit(1000);
        let empty = texts.add(b"");
        let length = texts.transform(empty, &Chain::new(vec![Transformation::Length]));
        assert_eq!(texts.get(length), b"0");
    }

    #[test]
    fn texts_beyond_the_limit_are_said() {
        let mut texts = with_limit(40 + size_of::<Entry>());
        texts.add(&[b'a'; 30]);
        assert!(!texts.is_full());
        texts.add(&[b'a'; 30]);
        assert!(texts.is_full());
    }
}
