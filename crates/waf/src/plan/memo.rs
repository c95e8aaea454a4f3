//! What is known of texts that come again with every other request: header names, names of
//! arguments, values such as `gzip, deflate`. What can match a text follows from the text and the
//! rules alone, so it holds for every transaction.

use std::hash::BuildHasher as _;
use std::sync::Mutex;

use foldhash::quality::RandomState;

/// Longest text that is remembered.
pub(crate) const TEXT_LIMIT_BYTES: usize = 256;

/// Threads that look at the same time rarely meet.
const SHARDS: usize = 16;

/// Texts that one shard remembers; about a megabyte for all shards together.
const TEXTS: usize = 256;

/// Remembered rows. A full place forgets an older text: who sends ever new texts makes the memo
/// useless, not larger and not wrong.
#[derive(Debug)]
pub(crate) struct Memo {
    /// Keyed, so that nobody can choose texts that share a place.
    hasher: RandomState,
    shards: Box<[Shard]>,
}

/// Places for texts, of which one thread at a time knows.
type Shard = Mutex<Box<[Option<Remembered>]>>;

#[derive(Debug, Clone)]
struct Remembered {
    text: Box<[u8]>,
    row: Box<[u64]>,
}

/// Where a text may be: the shard and two places.
struct Places {
    shard: usize,
    first: usize,
    second: usize,
}

impl Memo {
    pub(crate) fn new() -> Self {
        let shard = || Mutex::new(vec![None; TEXTS].into_boxed_slice());
        Self { hasher: RandomState::default(), shards: (0..SHARDS).map(|_| shard()).collect() }
    }

    fn places(&self, text: &[u8]) -> Places {
        let hash = self.hasher.hash_one(text).to_le_bytes();
        let [shard, first, second, ..] = hash.map(usize::from);
        Places { shard: shard % SHARDS, first: first % TEXTS, second: second % TEXTS }
    }

    /// Copies what is known of a text into `row`. `false`: nothing is, or another thread looks.
    pub(crate) fn recall(&self, text: &[u8], row: &mut [u64]) -> bool {
        let places = self.places(text);
        let Some(shard) = self.shards.get(places.shard).and_then(|shard| shard.try_lock().ok())
        else {
            return false;
        };
        let at = |place: usize| shard.get(place).and_then(Option::as_ref);
        let mut known = [places.first, places.second].into_iter().filter_map(at);
        let Some(found) = known.find(|it| *it.text == *text && it.row.len() == row.len()) else {
            return false;
        };
        row.copy_from_slice(&found.row);
        true
    }

    /// Remembers what is known of a text.
    pub(crate) fn keep(&self, text: &[u8], row: &[u64]) {
        if text.len() > TEXT_LIMIT_BYTES {
            return;
        }
        let Places { shard, first, second } = self.places(text);
        let Some(mut shard) = self.shards.get(shard).and_then(|shard| shard.try_lock().ok()) else {
            return;
        };
        let holds = |shard: &[Option<Remembered>], place: usize| {
            shard.get(place).and_then(Option::as_ref).is_some_and(|it| *it.text == *text)
        };
        let is_free = |shard: &[Option<Remembered>], place: usize| {
            shard.get(place).is_some_and(Option::is_none)
        };
        let place = if holds(&shard, first) || (!holds(&shard, second) && is_free(&shard, first)) {
            first
        } else {
            second
        };
        if let Some(slot) = shard.get_mut(place) {
            *slot = Some(Remembered { text: text.into(), row: row.into() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_recalled_and_nothing_else() {
        let memo = Memo::new();
        let mut row = [0; 2];
        assert!(!memo.recall(b"gzip", &mut row));
        memo.keep(b"gzip", &[1, 2]);
        memo.keep(b"gzip", &[3, 4]);
        assert!(memo.recall(b"gzip", &mut row));
        assert_eq!(row, [3, 4]);
        assert!(!memo.recall(b"gzip2", &mut row));
        memo.keep(&[b'a'; TEXT_LIMIT_BYTES + 1], &[1, 2]);
        assert!(!memo.recall(&[b'a'; TEXT_LIMIT_BYTES + 1], &mut row));
    }

    #[test]
    fn ever_new_texts_do_not_make_it_larger_nor_wrong() {
        let memo = Memo::new();
        for number in 0..20_000_u64 {
            memo.keep(number.to_string().as_bytes(), &[number]);
        }
        let mut known = 0;
        for number in 0..20_000_u64 {
            let mut row = [0];
            if memo.recall(number.to_string().as_bytes(), &mut row) {
                assert_eq!(row, [number]);
                known += 1;
            }
        }
        assert!(known > 0 && known <= SHARDS * TEXTS, "{known}");
    }
}
