//! Counters in this process's memory.

mod shard;

use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mantlet_types::Monotonic;

use self::shard::{Entry, Shard};
use crate::algorithm::{Cell, nanos};
use crate::counters::{Counters, CountersError, MAX_QUOTAS, Taken};
use crate::key::Key;
use crate::outcome::Outcome;
use crate::quota::Quota;

/// The most shards; each has a lock of its own.
const MAX_SHARDS: usize = 64;
/// A shard smaller than this would evict by chance, long before the whole is full.
const MIN_SHARD: usize = 64;

/// Counters in this process's memory: a bounded number of them, under one of up to 64 locks each.
///
/// One counter (one key with one quota) takes 48 bytes and its entry in an index 6 to 12 more; a key
/// has one for each of its quotas.
///
/// When the store is full, a new counter takes the place of one that is whole again (which loses
/// nothing), else of the one among a few that has used the least of its quota. So an attacker who
/// rotates keys to flush counters evicts mostly his own single hits: to push out a counter that has
/// used a share of its quota, he has to use about that share under as many keys as the store holds.
/// Counters lost before they were whole are worth an alert: [`Self::evictions`].
#[derive(Debug)]
pub struct MemoryCounters {
    shards: Box<[Padded]>,
    hashing: Hashing,
}

/// On cache lines of its own, so that neighbours do not slow each other down.
#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

/// Where counters go: a hash that outsiders cannot predict, so that they cannot crowd one place.
#[derive(Debug, Default)]
struct Hashing(RandomState);

impl Hashing {
    fn of_key(&self, key: &Key) -> u64 {
        self.0.hash_one(u128::from_ne_bytes(*key.as_bytes()))
    }

    /// The hash of one counter of a key.
    fn of_slot(key_hash: u64, slot: u8) -> u64 {
        key_hash.wrapping_add(u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn of_entry(&self, entry: &Entry) -> u64 {
        Self::of_slot(self.of_key(&entry.key), entry.slot)
    }
}

impl MemoryCounters {
    /// Counters for at most `capacity` pairs of a key and a quota; fewer than 8 count as 8. Memory
    /// is taken as it is needed.
    ///
    /// The capacity is split among the shards, so that an unlucky shard evicts a few per cent early.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(MAX_QUOTAS);
        let count = (capacity / MIN_SHARD).clamp(1, MAX_SHARDS);
        let shards = (0..count).map(|_| Padded(Mutex::new(Shard::new(capacity / count)))).collect();
        Self { shards, hashing: Hashing::default() }
    }

    /// As [`Counters::take`], for callers that do not await.
    ///
    /// # Errors
    /// [`CountersError`] when `quotas` is empty or longer than [`MAX_QUOTAS`].
    pub fn take_now(
        &self,
        key: &Key,
        quotas: &[Quota],
        cost: u32,
        now: Monotonic,
    ) -> Result<Outcome, CountersError> {
        if quotas.len() > MAX_QUOTAS {
            return Err(CountersError::TooManyQuotas(quotas.len()));
        }
        let hash = self.hashing.of_key(key);
        let Some(mut shard) = self.shard(hash) else {
            return Err(CountersError::NoQuota);
        };
        Take { shard: &mut shard, hashing: &self.hashing, key, hash, now }
            .run(quotas, cost)
            .ok_or(CountersError::NoQuota)
    }

    /// How many counters are stored, those that are whole again included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locked().map(|shard| shard.len()).sum()
    }

    /// Whether no counter is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locked().all(|shard| shard.len() == 0)
    }

    /// How many counters were lost to make room although their quota was not whole again.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.locked().map(|shard| shard.evictions()).sum()
    }

    fn locked(&self) -> impl Iterator<Item = MutexGuard<'_, Shard>> {
        self.shards.iter().map(Padded::lock)
    }

    /// The shard of a key; `None` never happens, as there is at least one.
    fn shard(&self, key_hash: u64) -> Option<MutexGuard<'_, Shard>> {
        let count = u64::try_from(self.shards.len()).ok()?;
        // The table inside a shard goes by the lowest and the highest bits.
        let place = (key_hash >> 32 & 0xFF_FFFF).checked_rem(count)?;
        self.shards.get(usize::try_from(place).ok()?).map(Padded::lock)
    }
}

impl Padded {
    /// A panic elsewhere cannot leave a shard half-changed in a way that matters: carry on.
    fn lock(&self) -> MutexGuard<'_, Shard> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters for MemoryCounters {
    fn take<'a>(
        &'a self,
        key: &'a Key,
        quotas: &'a [Quota],
        cost: u32,
        now: Monotonic,
    ) -> Taken<'a> {
        Taken::Ready(self.take_now(key, quotas, cost, now))
    }

    fn forget(&self, key: &Key) {
        let hash = self.hashing.of_key(key);
        if let Some(mut shard) = self.shard(hash) {
            for slot in SLOTS {
                shard.remove(&self.hashing, Hashing::of_slot(hash, slot), key, slot);
            }
        }
    }
}

/// The places of quotas in a list.
const SLOTS: [u8; MAX_QUOTAS] = [0, 1, 2, 3, 4, 5, 6, 7];

/// One take, with its shard locked.
struct Take<'a> {
    shard: &'a mut Shard,
    hashing: &'a Hashing,
    key: &'a Key,
    hash: u64,
    now: Monotonic,
}

/// What a take would leave in one counter.
#[derive(Clone, Copy, Default)]
struct Draft {
    /// Where the counter is stored; `None` when it is not.
    place: Option<usize>,
    next: Cell,
    heat: u8,
    changed: bool,
}

impl Take<'_> {
    /// Asks every quota, then changes all of their counters or none. `None` without a quota.
    fn run(&mut self, quotas: &[Quota], cost: u32) -> Option<Outcome> {
        let mut drafts = [Draft::default(); MAX_QUOTAS];
        let mut together: Option<Outcome> = None;
        let places = SLOTS.iter().zip(&mut drafts);
        for (index, (quota, (slot, draft))) in quotas.iter().zip(places).enumerate() {
            let outcome = self.ask(index, quota, *slot, cost, draft);
            together = Some(together.map_or(outcome, |others| others.and(outcome)));
        }
        let allowed = together?.allowed;
        if allowed && cost > 0 {
            self.store(quotas, &drafts);
        } else if cost > 0 {
            self.warm(&drafts);
        }
        together
    }

    fn ask(&self, index: usize, quota: &Quota, slot: u8, cost: u32, draft: &mut Draft) -> Outcome {
        let hash = Hashing::of_slot(self.hash, slot);
        draft.place = self.shard.find(hash, self.key, slot);
        let cell =
            draft.place.and_then(|place| self.shard.cell(place, quota.tag())).unwrap_or_default();
        let decision = quota.evaluate(&cell, cost, self.now);
        draft.next = decision.next;
        draft.changed = decision.allowed;
        draft.heat = if decision.allowed {
            shard::heat(quota.capacity(), decision.remaining)
        } else {
            shard::REFUSED
        };
        Outcome::of(index, quota, &decision)
    }

    /// Writes the counters that exist first: adding one may move another out.
    fn store(&mut self, quotas: &[Quota], drafts: &[Draft; MAX_QUOTAS]) {
        let entries = || quotas.iter().zip(SLOTS).zip(drafts);
        let entry = |quota: &Quota, slot, draft: &Draft| Entry {
            cell: draft.next,
            key: *self.key,
            tag: quota.tag(),
            slot,
            heat: draft.heat,
        };
        for ((quota, slot), draft) in entries() {
            if let Some(place) = draft.place {
                self.shard.write(place, entry(quota, slot, draft));
            }
        }
        for ((quota, slot), draft) in entries() {
            if draft.place.is_none() {
                let hash = Hashing::of_slot(self.hash, slot);
                let entry = entry(quota, slot, draft);
                self.shard.insert(self.hashing, hash, entry, nanos(self.now));
            }
        }
    }

    /// Marks the counters that refuse, so that they are the last to be evicted.
    fn warm(&mut self, drafts: &[Draft; MAX_QUOTAS]) {
        for draft in drafts.iter().filter(|draft| !draft.changed) {
            if let Some(place) = draft.place {
                self.shard.warm(place, draft.heat);
            }
        }
    }
}
