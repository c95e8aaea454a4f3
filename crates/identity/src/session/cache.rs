//! Sessions that were looked up a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mantlet_types::Monotonic;

use super::{Session, SessionHash};

/// How many parts the cache has, so that threads seldom wait for each other.
const SHARDS: usize = 16;

/// A bounded memory of sessions. Each part holds two generations: the younger is filled, and when it
/// is full it becomes the older, whose entries are forgotten. What is used moves to the younger.
#[derive(Debug)]
pub(super) struct Cache {
    shards: Vec<Mutex<Shard>>,
    /// Entries of one generation of one part.
    room: usize,
    keep: Duration,
}

#[derive(Debug, Default)]
struct Shard {
    young: HashMap<SessionHash, Entry>,
    old: HashMap<SessionHash, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    session: Arc<Session>,
    since: Monotonic,
}

impl Cache {
    /// Room for about `capacity` sessions, each for at most `keep`.
    pub(super) fn new(capacity: usize, keep: Duration) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, room: (capacity / SHARDS / 2).max(1), keep }
    }

    /// The session of this hash, where it was looked up within the last while.
    pub(super) fn find(&self, hash: SessionHash, now: Monotonic) -> Option<Arc<Session>> {
        let mut shard = self.shard(hash)?.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |entry: &Entry| now.since(entry.since) < self.keep;
        if let Some(entry) = shard.young.get(&hash) {
            return is_fresh(entry).then(|| entry.session.clone());
        }
        let entry = shard.old.remove(&hash).filter(is_fresh)?;
        let session = entry.session.clone();
        shard.insert(hash, entry, self.room);
        Some(session)
    }

    /// Remembers a session that was looked up at `since`.
    pub(super) fn insert(&self, session: Arc<Session>, since: Monotonic) {
        if let Some(shard) = self.shard(session.hash) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.insert(session.hash, Entry { session, since }, self.room);
        }
    }

    /// Forgets a session.
    pub(super) fn remove(&self, hash: SessionHash) {
        if let Some(shard) = self.shard(hash) {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.young.remove(&hash);
            shard.old.remove(&hash);
        }
    }

    fn shard(&self, hash: SessionHash) -> Option<&Mutex<Shard>> {
        let [first, ..] = hash.0;
        self.shards.get(usize::from(first) % SHARDS)
    }
}

impl Shard {
    fn insert(&mut self, hash: SessionHash, entry: Entry, room: usize) {
        if self.young.len() >= room && !self.young.contains_key(&hash) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, entry);
    }
}
