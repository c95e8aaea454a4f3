//! One shard: a slab of counters, an index into it, and who goes when it is full.

use hashbrown::HashTable;

use super::hashing::Hashing;
use crate::algorithm::Cell;
use crate::key::Key;

/// Counters looked at, from the hand on, for one that is whole, while there is room.
const GLANCE: usize = 2;
/// Counters looked at for the coldest one when there is no room.
const SAMPLE: usize = 8;
/// Counters looked at when all those of the sample are being refused.
const MAX_LOOKS: usize = 32;

/// The heat of a counter that refused its last take. Colder ones go first.
pub(super) const REFUSED: u8 = u8::MAX;
/// The heat of a counter that has nothing left.
const HOTTEST: u64 = 64;

/// How much would be lost with a counter: the share of its quota that is used, 0 to 64.
pub(super) fn heat(capacity: u64, remaining: u64) -> u8 {
    let used = capacity.saturating_sub(remaining);
    let share = used.saturating_mul(HOTTEST).checked_div(capacity);
    share.and_then(|share| u8::try_from(share).ok()).unwrap_or(0)
}

/// One counter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) cell: Cell,
    pub(super) key: Key,
    pub(super) tag: u32,
    pub(super) slot: u8,
    pub(super) heat: u8,
}

const _: () = assert!(size_of::<Entry>() == 48, "the documented size of a counter");

#[derive(Debug)]
pub(super) struct Shard {
    entries: Vec<Entry>,
    /// Places in `entries`, found by hash.
    index: HashTable<u32>,
    /// Where the next look for room begins.
    hand: usize,
    capacity: usize,
    evictions: u64,
}

impl Shard {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            entries: Vec::new(),
            index: HashTable::new(),
            hand: 0,
            capacity: capacity.min(usize::try_from(u32::MAX).unwrap_or(usize::MAX)),
            evictions: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.evictions
    }

    pub(super) fn find(&self, hash: u64, key: &Key, slot: u8) -> Option<usize> {
        let is_it = |place: &u32| {
            self.entries
                .get(widen(*place))
                .is_some_and(|entry| entry.slot == slot && entry.key == *key)
        };
        self.index.find(hash, is_it).map(|place| widen(*place))
    }

    /// The cell at a place; `None` when it was written under another quota.
    pub(super) fn cell(&self, place: usize, tag: u32) -> Option<Cell> {
        let entry = self.entries.get(place)?;
        (entry.tag == tag).then_some(entry.cell)
    }

    /// Replaces the counter at a place by a newer state of the same one.
    pub(super) fn write(&mut self, place: usize, entry: Entry) {
        if let Some(old) = self.entries.get_mut(place) {
            *old = entry;
        }
    }

    pub(super) fn warm(&mut self, place: usize, heat: u8) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.heat = heat;
        }
    }

    /// Adds a counter that is not there yet, in the place of another one when there is no room.
    pub(super) fn insert(&mut self, hashing: &Hashing, hash: u64, entry: Entry, now_ns: u64) {
        let place = match self.reusable(now_ns) {
            Some(place) => {
                self.unlink(hashing, place);
                self.write(place, entry);
                place
            }
            None => {
                self.reserve();
                self.entries.push(entry);
                self.entries.len().saturating_sub(1)
            }
        };
        self.link(hashing, hash, place);
    }

    pub(super) fn remove(&mut self, hashing: &Hashing, hash: u64, key: &Key, slot: u8) {
        let Some(place) = self.find(hash, key, slot) else {
            return;
        };
        let last = self.entries.len().saturating_sub(1);
        self.unlink(hashing, place);
        if place < last {
            self.unlink(hashing, last);
        }
        self.entries.swap_remove(place);
        if let Some(moved) = self.entries.get(place) {
            self.link(hashing, hashing.of_entry(moved), place);
        }
    }

    /// A place whose counter may go: one that is whole, or, when the shard is full, the coldest of a
    /// sample. `None` while there is room and nothing whole at hand.
    fn reusable(&mut self, now_ns: u64) -> Option<usize> {
        let is_full = self.entries.len() >= self.capacity;
        let looks = if is_full { MAX_LOOKS } else { GLANCE };
        let mut coldest: Option<((u8, u64), usize)> = None;
        for look in 0..looks {
            if look >= SAMPLE && coldest.is_some_and(|((heat, _), _)| heat < REFUSED) {
                break;
            }
            let place = self.advance();
            let entry = self.entries.get(place)?;
            if entry.cell.is_whole_at(now_ns) {
                return Some(place);
            }
            let rank = (entry.heat, entry.cell.whole_at());
            if coldest.is_none_or(|(lowest, _)| rank < lowest) {
                coldest = Some((rank, place));
            }
        }
        let (_, place) = coldest.filter(|_| is_full)?;
        self.evictions = self.evictions.saturating_add(1);
        Some(place)
    }

    fn advance(&mut self) -> usize {
        let place = self.hand;
        let next = place.saturating_add(1);
        if next < self.entries.len() {
            self.hand = next;
        } else {
            self.hand = 0;
        }
        place.min(self.entries.len().saturating_sub(1))
    }

    /// Grows by a quarter rather than by doubling: the slab is most of the memory.
    fn reserve(&mut self) {
        let len = self.entries.len();
        if len == self.entries.capacity() {
            let step = (len / 4).max(16);
            let room = self.capacity.saturating_sub(len).max(1);
            self.entries.reserve_exact(step.min(room));
        }
    }

    fn link(&mut self, hashing: &Hashing, hash: u64, place: usize) {
        let entries = &self.entries;
        let rehash =
            |place: &u32| entries.get(widen(*place)).map_or(0, |entry| hashing.of_entry(entry));
        if let Ok(place) = u32::try_from(place) {
            self.index.insert_unique(hash, place, rehash);
        }
    }

    /// Takes the counter at a place out of the index; it stays in the slab.
    fn unlink(&mut self, hashing: &Hashing, place: usize) {
        let Some(hash) = self.entries.get(place).map(|entry| hashing.of_entry(entry)) else {
            return;
        };
        if let Ok(found) = self.index.find_entry(hash, |at| widen(*at) == place) {
            found.remove();
        }
    }
}

/// Places are below the shard's capacity, which fits.
fn widen(place: u32) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}
