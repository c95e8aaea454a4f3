//! The shards together, each under a lock of its own.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mantlet_types::Monotonic;

use super::hashing::Hashing;
use super::shard::Shard;
use super::take::{SLOTS, Take};
use crate::counters::{Ask, Counters, CountersError, MAX_QUOTAS, Taken};
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
    pub(super) hashing: Hashing,
    on_eviction: OnEviction,
}

/// What is called when counters are lost.
struct OnEviction(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for OnEviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnEviction")
    }
}

/// On cache lines of its own, so that neighbours do not slow each other down.
#[derive(Debug)]
#[repr(align(128))]
struct Padded(Mutex<Shard>);

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
        Self { shards, hashing: Hashing::default(), on_eviction: OnEviction(Box::new(|| ())) }
    }

    /// Calls `report` after each take that made counters go before they were whole: for a metric.
    /// It is called with a lock held, so it must neither wait nor come back here.
    #[must_use]
    pub fn on_eviction(mut self, report: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_eviction = OnEviction(Box::new(report));
        self
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
        let Some(mut shard) = self.place(hash).and_then(|place| self.lock(place)) else {
            return Err(CountersError::NoQuota);
        };
        let before = shard.evictions();
        let outcome =
            Take { shard: &mut shard, hashing: &self.hashing, key, hash, now }.run(quotas, cost);
        self.report(before, &shard);
        outcome.ok_or(CountersError::NoQuota)
    }

    /// Tells whoever counts them that counters have gone since there were `before` evictions.
    pub(super) fn report(&self, before: u64, shard: &Shard) {
        if shard.evictions() > before {
            (self.on_eviction.0)();
        }
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

    /// The number of the shard of a key; `None` never happens, as there is at least one.
    pub(super) fn place(&self, key_hash: u64) -> Option<usize> {
        let count = u64::try_from(self.shards.len()).ok()?;
        // The table inside a shard goes by the lowest and the highest bits.
        let place = (key_hash >> 32 & 0xFF_FFFF).checked_rem(count)?;
        usize::try_from(place).ok()
    }

    pub(super) fn lock(&self, place: usize) -> Option<MutexGuard<'_, Shard>> {
        self.shards.get(place).map(Padded::lock)
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

    fn take_all<'a>(&'a self, asks: &'a [Ask<'a>], cost: u32, now: Monotonic) -> Taken<'a> {
        Taken::Ready(match asks {
            [only] => self.take_now(&only.key, only.quotas, cost, now),
            _ => self.take_all_now(asks, cost, now),
        })
    }

    fn forget(&self, key: &Key) {
        let hash = self.hashing.of_key(key);
        if let Some(mut shard) = self.place(hash).and_then(|place| self.lock(place)) {
            for slot in SLOTS {
                shard.remove(&self.hashing, Hashing::of_slot(hash, slot), key, slot);
            }
        }
    }
}
