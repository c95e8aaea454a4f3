//! How much may run at the same time.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::key::Key;

/// How many locks the keys are spread over.
const SHARDS: usize = 64;

/// How many things may run at the same time for each key. Clones share their counts.
///
/// Memory is bounded by the number of keys that have something running; unlike a rate, a running
/// thing cannot be forgotten, so that a full table refuses new keys instead of evicting.
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shards: [Mutex<HashMap<Key, u32>>; SHARDS],
    hashing: RandomState,
    keys: AtomicUsize,
    max_per_key: AtomicU32,
    capacity: AtomicUsize,
}

impl ConcurrencyLimit {
    /// At most `max_per_key` at once for each key, and at most `capacity` keys at once. Zero of
    /// either refuses everything.
    #[must_use]
    pub fn new(max_per_key: u32, capacity: usize) -> Self {
        Self(Arc::new(Inner {
            shards: std::array::from_fn(|_| Mutex::default()),
            hashing: RandomState::new(),
            keys: AtomicUsize::new(0),
            max_per_key: AtomicU32::new(max_per_key),
            capacity: AtomicUsize::new(capacity),
        }))
    }

    /// From now on at most this many; permits that are held already stay.
    pub fn set_limits(&self, max_per_key: u32, capacity: usize) {
        self.0.max_per_key.store(max_per_key, Ordering::Relaxed);
        self.0.capacity.store(capacity, Ordering::Relaxed);
    }

    /// Counts one more for `key` until the permit is dropped.
    ///
    /// # Errors
    /// [`ConcurrencyError::Busy`] when the key has as many as it may,
    /// [`ConcurrencyError::TooManyKeys`] when the table is full.
    pub fn acquire(&self, key: &Key) -> Result<Permit, ConcurrencyError> {
        let inner = &self.0;
        let max_per_key = inner.max_per_key.load(Ordering::Relaxed);
        let busy = ConcurrencyError::Busy(max_per_key);
        match inner.lock(key).entry(*key) {
            Entry::Occupied(running) if *running.get() >= max_per_key => return Err(busy),
            Entry::Occupied(mut running) => {
                let count = running.get_mut();
                *count = count.saturating_add(1);
            }
            Entry::Vacant(_) if max_per_key == 0 => return Err(busy),
            Entry::Vacant(none) => {
                inner.reserve_key()?;
                none.insert(1);
            }
        }
        Ok(Permit { limit: Arc::clone(inner), key: *key })
    }

    /// How many permits of `key` are held now.
    #[must_use]
    pub fn running(&self, key: &Key) -> u32 {
        self.0.lock(key).get(key).copied().unwrap_or(0)
    }

    /// How many keys hold a permit now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.keys.load(Ordering::Relaxed)
    }

    /// Whether no permit is held now.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Inner {
    fn lock(&self, key: &Key) -> MutexGuard<'_, HashMap<Key, u32>> {
        let [first, ..] = self.hashing.hash_one(key).to_le_bytes();
        let place = usize::from(first) % SHARDS;
        let [default, ..] = &self.shards;
        self.shards.get(place).unwrap_or(default).lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reserve_key(&self) -> Result<(), ConcurrencyError> {
        let capacity = self.capacity.load(Ordering::Relaxed);
        self.keys
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |keys| {
                (keys < capacity).then(|| keys.saturating_add(1))
            })
            .map(drop)
            .map_err(|_| ConcurrencyError::TooManyKeys(capacity))
    }

    fn release(&self, key: &Key) {
        let mut running = self.lock(key);
        match running.get_mut(key) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            Some(_) => {
                running.remove(key);
                self.keys.fetch_sub(1, Ordering::Relaxed);
            }
            None => {}
        }
    }
}

/// The right to run, given back when dropped. Owns what it needs: it may move to another task.
#[derive(Debug)]
#[must_use = "the permit is given back at once when it is not kept"]
pub struct Permit {
    limit: Arc<Inner>,
    key: Key,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limit.release(&self.key);
    }
}

/// A permit that cannot be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConcurrencyError {
    /// The key has as many running as it may; the number is the limit.
    Busy(u32),
    /// As many keys have something running as the table holds; the number is the limit.
    TooManyKeys(usize),
}

impl fmt::Display for ConcurrencyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(limit) => {
                write!(f, "{limit} are running already: wait for one to end or raise the limit")
            }
            Self::TooManyKeys(limit) => write!(
                f,
                "{limit} callers have something running already: wait or raise the limit of callers"
            ),
        }
    }
}

impl std::error::Error for ConcurrencyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_counts_until_it_is_dropped() {
        let limit = ConcurrencyLimit::new(2, 10);
        let key = Key::of_number(1, 1);
        let first = limit.acquire(&key).unwrap();
        let _second = limit.acquire(&key).unwrap();
        assert_eq!(limit.acquire(&key).unwrap_err(), ConcurrencyError::Busy(2));
        assert_eq!((limit.running(&key), limit.len()), (2, 1));
        assert!(limit.acquire(&Key::of_number(1, 2)).is_ok());
        drop(first);
        assert!(limit.acquire(&key).is_ok());
        assert_eq!(limit.running(&key), 1);
    }

    #[test]
    fn a_full_table_refuses_new_keys_and_serves_known_ones() {
        let limit = ConcurrencyLimit::new(2, 3);
        let held: Vec<_> =
            (0..3).map(|number| limit.acquire(&Key::of_number(1, number)).unwrap()).collect();
        let newcomer = Key::of_number(1, 3);
        assert_eq!(limit.acquire(&newcomer).unwrap_err(), ConcurrencyError::TooManyKeys(3));
        assert!(limit.acquire(&Key::of_number(1, 0)).is_ok());
        drop(held);
        assert!(limit.is_empty());
        assert!(limit.acquire(&newcomer).is_ok());
    }

    #[test]
    fn new_limits_are_for_new_permits() {
        let (limit, key) = (ConcurrencyLimit::new(2, 9), Key::of_policy(1));
        let _held = [limit.acquire(&key).unwrap(), limit.acquire(&key).unwrap()];
        limit.set_limits(1, 9);
        assert_eq!(limit.acquire(&key).unwrap_err(), ConcurrencyError::Busy(1));
        limit.set_limits(3, 1);
        let _third = limit.acquire(&key).unwrap();
        let other = limit.acquire(&Key::of_policy(2));
        assert_eq!(other.unwrap_err(), ConcurrencyError::TooManyKeys(1));
    }

    #[test]
    fn zero_refuses_everything() {
        let key = Key::of_policy(1);
        for limit in [ConcurrencyLimit::new(0, 9), ConcurrencyLimit::new(9, 0)] {
            assert!(limit.acquire(&key).is_err());
            assert!(limit.is_empty());
        }
    }

    #[test]
    fn threads_never_exceed_the_limit_and_leave_nothing_behind() {
        let limit = ConcurrencyLimit::new(3, 2);
        let key = Key::of_policy(1);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        if let Ok(_permit) = limit.acquire(&key) {
                            assert!(limit.running(&key) <= 3);
                        }
                    }
                });
            }
        });
        assert!(limit.is_empty());
    }
}
