//! Holding a request body for inspection: all of it, or a refusal; never a part.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The memory that held bodies may take together; a named limit, shared by all workers.
#[derive(Debug, Clone)]
pub struct BodyMemory(Arc<Ledger>);

#[derive(Debug)]
struct Ledger {
    limit: AtomicU64,
    used: AtomicU64,
}

/// A part of the memory, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    ledger: Arc<Ledger>,
    bytes: u64,
}

impl BodyMemory {
    /// A memory of `limit` bytes.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self(Arc::new(Ledger { limit: AtomicU64::new(limit), used: AtomicU64::new(0) }))
    }

    /// From now on there are `limit` bytes; what is held already stays held.
    pub fn set_limit(&self, limit: u64) {
        self.0.limit.store(limit, Ordering::Relaxed);
    }

    /// An empty share that can grow.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { ledger: Arc::clone(&self.0), bytes: 0 }
    }
}

impl Share {
    /// Takes `more` bytes; `false` when they are not to be had, and then nothing is taken.
    #[must_use]
    pub fn grow(&mut self, more: u64) -> bool {
        let limit = self.ledger.limit.load(Ordering::Relaxed);
        let take = |used: u64| used.checked_add(more).filter(|sum| *sum <= limit);
        let taken = self.ledger.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        if taken.is_ok() {
            self.bytes = self.bytes.saturating_add(more);
        }
        taken.is_ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.ledger.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_given_back() {
        let memory = BodyMemory::new(10);
        let (mut one, mut two) = (memory.share(), memory.share());
        assert!(one.grow(6));
        assert!(!two.grow(5));
        assert!(two.grow(4));
        drop(one);
        assert!(two.grow(6));
        assert!(!two.grow(u64::MAX));
        memory.set_limit(12);
        assert!(two.grow(2) && !two.grow(1));
        memory.set_limit(3);
        assert!(!two.grow(1), "what is held stays held");
    }
}
