//! The words that give a detector cause to look, found in one pass.

use super::bytes::starts_with;

/// Places of the table for each word, so that few bytes of a text fall on one that is taken.
const PLACES_A_WORD: usize = 32;
/// The bits of the number of a place, at least and at most: the largest table stays in the nearest cache.
const LEAST_BITS: u32 = 9;
const MOST_BITS: u32 = 15;

/// Groups of words in lower case and the bits of the groups. Words of fewer than three bytes are not
/// found.
pub(super) type Groups = &'static [(u32, &'static [&'static str])];

/// A word with the groups it speaks for.
type Entry = (&'static [u8], u32);

/// An index of the words by their first three bytes: one table look-up for each byte of a value,
/// and a comparison only where a word may begin. Quicker here than an automaton, which takes a
/// dependent step for each byte.
#[derive(Debug, Clone)]
pub(super) struct Signals {
    /// Bits of the hash of three bytes.
    bits: u32,
    /// For each hash, whether a word begins so: small enough to stay in the nearest cache.
    present: Vec<u64>,
    /// For each hash, the number of its bucket; 0 is the empty one.
    buckets: Vec<u16>,
    entries: Vec<Vec<Entry>>,
}

impl Signals {
    /// The index of these words.
    pub(super) fn new(words: Groups) -> Self {
        let count: usize = words.iter().map(|(_, words)| words.len()).sum();
        let places = (count * PLACES_A_WORD).next_power_of_two();
        let bits = places.trailing_zeros().clamp(LEAST_BITS, MOST_BITS);
        let mut present = vec![0_u64; 1 << (bits - 6)];
        let mut buckets = vec![0_u16; 1 << bits];
        let mut entries: Vec<Vec<Entry>> = vec![Vec::new()];
        for (group, word) in words
            .iter()
            .flat_map(|(group, words)| words.iter().map(move |word| (*group, word.as_bytes())))
        {
            let key = word.iter().take(3).fold(0, |key, byte| key << 8 | u32::from(*byte));
            let place = hash(key, bits);
            let Some(bucket) = buckets.get_mut(place) else { continue };
            if let Some(bits) = present.get_mut(place >> 6) {
                *bits |= 1 << (place & 63);
            }
            if *bucket == 0 {
                entries.push(Vec::new());
                *bucket = u16::try_from(entries.len() - 1).unwrap_or(u16::MAX);
            }
            if let Some(list) = entries.get_mut(usize::from(*bucket)) {
                list.push((word, group));
            }
        }
        Self { bits, present, buckets, entries }
    }

    /// The groups whose words occur in `bytes`.
    pub(super) fn of(&self, bytes: &[u8]) -> u32 {
        let mut groups = 0;
        let mut key = 0_u32;
        for (end, byte) in bytes.iter().enumerate() {
            key = (key << 8 | u32::from(byte.to_ascii_lowercase())) & 0xff_ffff;
            let place = hash(key, self.bits);
            let bits = self.present.get(place >> 6).copied().unwrap_or(0);
            if bits >> (place & 63) & 1 == 1 && end >= 2 {
                let bucket = self.buckets.get(place).copied().unwrap_or(0);
                groups |= self.words_at(bucket, bytes.get(end - 2..).unwrap_or_default(), groups);
            }
        }
        groups
    }

    /// The groups of the words of `bucket` that begin `rest`, save those already `known`.
    fn words_at(&self, bucket: u16, rest: &[u8], known: u32) -> u32 {
        let entries = self.entries.get(usize::from(bucket)).map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .filter(|(word, group)| known & group != *group && starts_with(rest, word))
            .fold(0, |groups, (_, group)| groups | group)
    }
}

/// The bucket of three bytes, of as many as so many bits tell apart.
fn hash(key: u32, bits: u32) -> usize {
    usize::try_from(key.wrapping_mul(0x9e37_79b1) >> (32 - bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::words::WORDS;

    #[test]
    fn every_word_is_found_wherever_it_stands_in_any_case() {
        let signals = Signals::new(WORDS);
        for (group, words) in WORDS {
            for word in *words {
                assert!(word.len() >= 3, "`{word}` is too short for the index");
                let text = format!("x{}y", word.to_ascii_uppercase());
                assert!(signals.of(text.as_bytes()) & group != 0, "{word}");
            }
        }
        assert_eq!(signals.of(b"an ordinary line of text"), 0);
    }
}
