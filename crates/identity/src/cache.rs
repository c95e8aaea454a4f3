//! A bounded memory of what was looked up a moment ago.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_types::Monotonic;

/// How many parts the cache has, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// A bounded memory of what was looked up. Each part holds two generations: the younger is filled,
/// and when it is full it becomes the older, whose entries are forgotten. What is used moves to the
/// younger.
#[derive(Debug)]
pub struct Cache<K, V> {
    shards: Vec<Mutex<Shard<K, V>>>,
    hasher: RandomState,
    /// Entries of one generation of one part.
    room: usize,
    keep: Duration,
}

#[derive(Debug)]
struct Shard<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    since: Monotonic,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// Room for about `capacity` values, each for at most `keep`.
    #[must_use]
    pub fn new(capacity: usize, keep: Duration) -> Self {
        let shard = || Mutex::new(Shard { young: HashMap::new(), old: HashMap::new() });
        let shards = (0..SHARDS).map(|_| shard()).collect();
        let room = (capacity / SHARDS / 2).max(1);
        Self { shards, hasher: RandomState::new(), room, keep }
    }

    /// The value of this key, where it was looked up within the last while.
    pub fn find(&self, key: &K, now: Monotonic) -> Option<V> {
        let mut shard = self.shard(key)?;
        let is_fresh = |entry: &Entry<V>| now.since(entry.since) < self.keep;
        if let Some(entry) = shard.young.get(key) {
            return is_fresh(entry).then(|| entry.value.clone());
        }
        let entry = shard.old.remove(key).filter(is_fresh)?;
        let value = entry.value.clone();
        shard.insert(key.clone(), entry, self.room);
        Some(value)
    }

    /// Remembers a value that was looked up at `since`.
    pub fn insert(&self, key: K, value: V, since: Monotonic) {
        if let Some(mut shard) = self.shard(&key) {
            shard.insert(key, Entry { value, since }, self.room);
        }
    }

    /// Forgets a value.
    pub fn remove(&self, key: &K) {
        if let Some(mut shard) = self.shard(key) {
            shard.young.remove(key);
            shard.old.remove(key);
        }
    }

    fn shard(&self, key: &K) -> Option<MutexGuard<'_, Shard<K, V>>> {
        let place = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(place)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn insert(&mut self, key: K, entry: Entry<V>, room: usize) {
        if self.young.len() >= room && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(secs))
    }

    #[test]
    fn values_are_remembered_for_a_while_and_only_so_many() {
        let cache = Cache::new(320, Duration::from_secs(10));
        cache.insert(1_u32, "one", at(0));
        assert_eq!(cache.find(&1, at(9)), Some("one"));
        assert_eq!(cache.find(&1, at(10)), None, "too old");
        cache.insert(1, "one", at(10));
        cache.remove(&1);
        assert_eq!(cache.find(&1, at(10)), None);
        for number in 0..10_000 {
            cache.insert(number, "many", at(0));
        }
        let kept = (0..10_000).filter(|number| cache.find(number, at(0)).is_some()).count();
        assert!((100..=400).contains(&kept), "{kept}");
    }
}
