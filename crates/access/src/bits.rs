//! Sets of small numbers.

/// A set of numbers below a bound that all sets of one table share.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Bits(Box<[u64]>);

impl Bits {
    /// The empty set of numbers below `bound`.
    pub(crate) fn new(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)].into())
    }

    pub(crate) fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(crate) fn holds(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own |= others;
        }
    }

    pub(crate) fn keep(&mut self, other: &Self) {
        for (own, others) in self.0.iter_mut().zip(&other.0) {
            *own &= others;
        }
    }

    /// The numbers in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.0.len() * 64).filter(|number| self.holds(*number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(numbers: &[usize]) -> Bits {
        let mut bits = Bits::new(200);
        numbers.iter().for_each(|number| bits.insert(*number));
        bits
    }

    proptest! {
        #[test]
        fn bits_are_sets(
            one in prop::collection::btree_set(0..200_usize, 0..40),
            two in prop::collection::btree_set(0..200_usize, 0..40),
        ) {
            let list = |set: &std::collections::BTreeSet<usize>| set.iter().copied().collect::<Vec<_>>();
            let (a, b) = (set(&list(&one)), set(&list(&two)));
            let (mut both, mut common) = (a.clone(), a.clone());
            both.add(&b);
            common.keep(&b);
            prop_assert_eq!(both.iter().collect::<Vec<_>>(), one.union(&two).copied().collect::<Vec<_>>());
            prop_assert_eq!(common.iter().collect::<Vec<_>>(), one.intersection(&two).copied().collect::<Vec<_>>());
            prop_assert!(!a.holds(10_000));
        }
    }
}
