//! The list of ends in memory.

use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::Trace;
use crate::revocation::{Ended, RevocationEntry, RevocationStore};
use crate::store::Stored;

/// The list of ends in memory.
#[derive(Debug, Default)]
pub struct MemoryRevocations(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    last: u64,
    list: Vec<RevocationEntry>,
}

impl RevocationStore for MemoryRevocations {
    fn add(&self, ended: Ended, trace: Trace) -> Stored<'_, ()> {
        let mut entries = lock(&self.0);
        entries.last = entries.last.saturating_add(1);
        let revision = entries.last;
        entries.list.push(RevocationEntry { revision, ended, trace });
        answer(Ok(()))
    }

    fn since(&self, revision: u64, most: usize) -> Stored<'_, Vec<RevocationEntry>> {
        let entries = lock(&self.0);
        let later = entries.list.iter().filter(|entry| entry.revision > revision);
        answer(Ok(later.take(most).cloned().collect()))
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        let mut entries = lock(&self.0);
        let before = entries.list.len();
        let mut left = most;
        entries.list.retain(|entry| {
            let is_removed = left > 0 && entry.ended.until() <= now;
            left = left.saturating_sub(usize::from(is_removed));
            !is_removed
        });
        answer(Ok(before.saturating_sub(entries.list.len())))
    }
}
