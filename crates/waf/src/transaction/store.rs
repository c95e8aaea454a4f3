//! Collections that outlive a transaction: counters of an address, a session, a user.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// Which collection: its name in the rule language and the key it was opened under.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CollectionKey {
    /// `IP`, `GLOBAL`, `SESSION`, `USER` or `RESOURCE`.
    pub collection: &'static str,
    /// The key, usually an address or an id.
    pub key: Box<[u8]>,
}

/// A change of one stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredChange<'a> {
    /// It becomes this text.
    Set(&'a [u8]),
    /// This number is added to it; no value counts as 0.
    Add(i64),
    /// It goes.
    Remove,
    /// It goes at this time, Unix seconds.
    ExpireAt(i64),
}

/// The names (small letters) and values of a collection.
pub type StoredValues = Vec<(Box<[u8]>, Box<[u8]>)>;

/// Where persistent collections are kept. Every change is atomic, so that two transactions that
/// count do not lose a count.
pub trait CollectionStore: Debug + Send + Sync {
    /// What a collection holds at `now`, Unix seconds.
    fn values(&self, key: &CollectionKey, now: i64) -> StoredValues;

    /// Changes one value and gives what it is then; `None` when it is gone. The collection goes
    /// when it has not been changed for `timeout_secs`.
    fn change(
        &self,
        key: &CollectionKey,
        name: &[u8],
        change: StoredChange<'_>,
        now: i64,
        timeout_secs: u64,
    ) -> Option<Box<[u8]>>;
}

/// How many names one stored collection may have.
const NAMES_LIMIT: usize = 1_000;

/// A value, and when it goes.
type Value = (Box<[u8]>, Option<i64>);

#[derive(Debug, Default)]
struct Stored {
    values: HashMap<Box<[u8]>, Value>,
    dies_at: i64,
}

/// Collections in memory, at most a given number of them.
#[derive(Debug)]
pub struct MemoryCollections {
    limit: usize,
    collections: Mutex<HashMap<CollectionKey, Stored>>,
}

impl MemoryCollections {
    /// Room for `limit` collections. When it is full, those that are over make room; when none is,
    /// a new one is not opened.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, collections: Mutex::default() }
    }
}

impl CollectionStore for MemoryCollections {
    fn values(&self, key: &CollectionKey, now: i64) -> StoredValues {
        let collections = self.collections.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stored) = collections.get(key).filter(|stored| stored.dies_at > now) else {
            return Vec::new();
        };
        let live =
            stored.values.iter().filter(|(_, (_, expires))| expires.is_none_or(|at| at > now));
        live.map(|(name, (value, _))| (name.clone(), value.clone())).collect()
    }

    fn change(
        &self,
        key: &CollectionKey,
        name: &[u8],
        change: StoredChange<'_>,
        now: i64,
        timeout_secs: u64,
    ) -> Option<Box<[u8]>> {
        let mut collections = self.collections.lock().unwrap_or_else(PoisonError::into_inner);
        if !collections.contains_key(key) && collections.len() >= self.limit {
            collections.retain(|_, stored| stored.dies_at > now);
            if collections.len() >= self.limit {
                return None;
            }
        }
        let stored = collections.entry(key.clone()).or_default();
        if stored.dies_at <= now {
            stored.values.clear();
        }
        stored.dies_at = now.saturating_add_unsigned(timeout_secs);
        stored.change(name, change, now)
    }
}

impl Stored {
    fn change(&mut self, name: &[u8], change: StoredChange<'_>, now: i64) -> Option<Box<[u8]>> {
        self.values.retain(|_, (_, expires)| expires.is_none_or(|at| at > now));
        if !self.values.contains_key(name) && self.values.len() >= NAMES_LIMIT {
            return None;
        }
        let before = self.values.get(name).map(|(value, expires)| (value.clone(), *expires));
        let value: Box<[u8]> = match change {
            StoredChange::Set(value) => value.into(),
            StoredChange::Add(amount) => {
                let old =
                    before.as_ref().map_or(0, |(value, _)| crate::operators::number::whole(value));
                old.saturating_add(amount).to_string().into_bytes().into()
            }
            StoredChange::Remove => {
                self.values.remove(name);
                return None;
            }
            StoredChange::ExpireAt(at) => {
                let (value, expires) = self.values.get_mut(name)?;
                *expires = Some(at);
                return Some(value.clone());
            }
        };
        self.values.insert(name.into(), (value.clone(), before.and_then(|(_, expires)| expires)));
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(address: &str) -> CollectionKey {
        CollectionKey { collection: "IP", key: address.as_bytes().into() }
    }

    #[test]
    fn counters_add_up_expire_and_are_bounded() {
        let store = MemoryCollections::new(1);
        assert_eq!(
            store.change(&ip("a"), b"n", StoredChange::Add(2), 0, 10).as_deref(),
            Some(&b"2"[..])
        );
        assert_eq!(
            store.change(&ip("a"), b"n", StoredChange::Add(3), 1, 10).as_deref(),
            Some(&b"5"[..])
        );
        assert_eq!(store.change(&ip("b"), b"n", StoredChange::Add(1), 2, 10), None, "full");
        store.change(&ip("a"), b"n", StoredChange::ExpireAt(5), 2, 10);
        assert_eq!(store.values(&ip("a"), 4).len(), 1);
        assert_eq!(store.values(&ip("a"), 5).len(), 0);
        assert!(
            store.change(&ip("b"), b"n", StoredChange::Add(1), 50, 10).is_some(),
            "the old one made room"
        );
    }
}
