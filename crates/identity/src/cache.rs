//! A bounded memory of what was looked up a moment ago.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_types::Monotonic;

/// How many parts the cache has, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// A bounded memory of what was looked up. Each part holds two generations: the younger is filled,
/// and when it is full it becomes the older, whose entries are forgotten. What is used moves to the
/// younger.
#[derive(Debug)]
pub struct Cache<K, V, S = RandomState> {
    shards: Vec<Mutex<Shard<K, V, S>>>,
    hasher: S,
    /// Entries of one generation of one part.
    room: usize,
    keep: Duration,
}

#[derive(Debug)]
struct Shard<K, V, S> {
    young: HashMap<K, Entry<V>, S>,
    old: HashMap<K, Entry<V>, S>,
}

/// Finds keys by themselves, because they are hashes already that nobody can choose: digests of what
/// was verified.
#[derive(Debug, Clone, Copy, Default)]
pub struct ByDigest;

impl BuildHasher for ByDigest {
    type Hasher = DigestHasher;

    fn build_hasher(&self) -> DigestHasher {
        DigestHasher(0)
    }
}

/// The beginning of a digest.
#[derive(Debug, Clone, Copy)]
pub struct DigestHasher(u64);

impl Hasher for DigestHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let start = bytes.first_chunk().copied().unwrap_or_default();
        self.0 ^= u64::from_ne_bytes(start);
    }
}

#[derive(Debug, Clone)]
struct Entry<V> {
    value: V,
    since: Monotonic,
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Clone + Default> Cache<K, V, S> {
    /// Room for about `capacity` values, each for at most `keep`.
    #[must_use]
    pub fn new(capacity: usize, keep: Duration) -> Self {
        let hasher = S::default();
        let map = || HashMap::with_hasher(hasher.clone());
        let shard = || Mutex::new(Shard { young: map(), old: map() });
        let shards = (0..SHARDS).map(|_| shard()).collect();
        let room = (capacity / SHARDS / 2).max(1);
        Self { shards, hasher, room, keep }
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

    fn shard(&self, key: &K) -> Option<MutexGuard<'_, Shard<K, V, S>>> {
        // Other bits than those that the maps find their places by: their hasher is the same.
        let bits = self.hasher.hash_one(key) >> 32;
        let place = usize::try_from(bits % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(place)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Clone> Shard<K, V, S> {
    fn insert(&mut self, key: K, entry: Entry<V>, room: usize) {
        if self.young.len() >= room && !self.young.contains_key(&key) {
            let empty = HashMap::with_hasher(self.young.hasher().clone());
            self.old = std::mem::replace(&mut self.young, empty);
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
        let cache: Cache<_, _> = Cache::new(320, Duration::from_secs(10));
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
