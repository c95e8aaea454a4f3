//! Sets of rules as bits.

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bits(Vec<u64>);

impl Bits {
    /// An empty set with room for `count` numbers.
    pub(crate) fn with_room(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Makes it the set of all numbers below `count`.
    pub(crate) fn fill(&mut self, count: usize) {
        self.0.clear();
        self.0.resize(count / 64, u64::MAX);
        self.0.push((1 << (count % 64)) - 1);
    }

    /// The least number of the set that is not below `start`.
    pub(crate) fn next_from(&self, start: usize) -> Option<usize> {
        let mut index = start / 64;
        let mut word = self.0.get(index)? & u64::MAX << (start % 64);
        while word == 0 {
            index += 1;
            word = *self.0.get(index)?;
        }
        Some(index * 64 + word.trailing_zeros() as usize)
    }

    /// Takes a number out.
    pub(crate) fn remove(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Adds a number that there is room for.
    pub(crate) fn add(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Adds all numbers of another set.
    pub(crate) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    /// Writes the set as words.
    pub(crate) fn copy_to(&self, row: &mut [u64]) {
        for (word, own) in row.iter_mut().zip(&self.0) {
            *word = *own;
        }
    }

    /// Takes the numbers of the set out of words.
    pub(crate) fn remove_from(&self, row: &mut [u64]) {
        for (word, own) in row.iter_mut().zip(&self.0) {
            *word &= !own;
        }
    }

    /// Takes out of words what is not in the set.
    pub(crate) fn keep_in(&self, row: &mut [u64]) {
        for (word, own) in row.iter_mut().zip(&self.0) {
            *word &= own;
        }
    }

    /// Adds the words of `row` that are in the set to `all`.
    pub(crate) fn add_common(&self, row: &[u64], all: &mut [u64]) {
        for ((word, more), own) in all.iter_mut().zip(row).zip(&self.0) {
            *word |= more & own;
        }
    }

    /// Whether no number was ever added.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number is in the set.
    pub(crate) fn has(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }
}
