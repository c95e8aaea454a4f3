//! Where counters go.

use std::hash::{BuildHasher, RandomState};

use super::shard::Entry;
use crate::key::Key;

/// Where counters go: a hash that outsiders cannot predict, so that they cannot crowd one place.
#[derive(Debug, Default)]
pub(super) struct Hashing(RandomState);

impl Hashing {
    pub(super) fn of_key(&self, key: &Key) -> u64 {
        self.0.hash_one(u128::from_ne_bytes(*key.as_bytes()))
    }

    /// The hash of one counter of a key.
    pub(super) fn of_slot(key_hash: u64, slot: u8) -> u64 {
        key_hash.wrapping_add(u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    pub(super) fn of_entry(&self, entry: &Entry) -> u64 {
        Self::of_slot(self.of_key(&entry.key), entry.slot)
    }
}
