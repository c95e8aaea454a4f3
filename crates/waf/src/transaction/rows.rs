//! Rows of bits, each kept once: most texts of a transaction can be matched by the same few questions,
//! or by none at all.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::hashed::Hashed;

/// The number of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RowId(u32);

impl RowId {
    /// The position among the rows of the same width.
    pub(super) const fn position(self) -> usize {
        self.0 as usize
    }
}

/// Rows of one width.
#[derive(Debug, Default)]
pub(super) struct Rows {
    width: usize,
    words: Vec<u64>,
    /// The rows by the hash of their words. Of two rows with one hash the first is found; the other
    /// may be kept twice.
    known: HashMap<u64, RowId, BuildHasherDefault<Hashed>>,
}

impl Rows {
    /// Forgets all rows; the next ones have this width.
    pub(super) fn renew(&mut self, width: usize) {
        self.width = width;
        self.words.clear();
        self.known.clear();
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.words.len() / self.width.max(1)
    }

    /// Bytes that the rows take.
    pub(super) const fn bytes(&self) -> usize {
        size_of::<u64>() * self.words.len()
    }

    /// Whether the buffer is worth keeping.
    pub(super) fn is_small(&self, words: usize) -> bool {
        self.words.capacity() <= words && self.known.capacity() <= words / 8
    }

    /// The number of a row; a new one when it is not there.
    pub(super) fn add(&mut self, row: &[u64]) -> RowId {
        let hash = hash(row);
        if let Some(known) = self.known.get(&hash).copied().filter(|known| self.get(*known) == row)
        {
            return known;
        }
        let id = RowId(u32::try_from(self.count()).unwrap_or_default());
        self.words.extend_from_slice(row);
        self.known.insert(hash, id);
        id
    }

    /// The words of a row.
    pub(super) fn get(&self, id: RowId) -> &[u64] {
        let start = id.position() * self.width;
        self.words.get(start..start + self.width).unwrap_or_default()
    }
}

fn hash(row: &[u64]) -> u64 {
    let mixed = row.iter().fold(row.len() as u64, |hash, word| {
        (hash.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_one() {
        let mut rows = Rows::default();
        rows.renew(2);
        let ids: Vec<RowId> =
            [[1, 2], [3, 4], [1, 2], [0, 0]].iter().map(|row| rows.add(row)).collect();
        assert_eq!(ids.iter().map(|id| id.position()).collect::<Vec<_>>(), [0, 1, 0, 2]);
        assert_eq!(rows.get(RowId(1)), [3, 4]);
        assert_eq!(rows.count(), 3);
    }
}
