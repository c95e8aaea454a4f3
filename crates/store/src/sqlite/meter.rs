//! What became of waiting, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// How hard it is to keep up with what is asked, counted since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pressure {
    /// Acts that found the queue of the writer full and waited for a place.
    pub queue_full: u64,
    /// Acts whose callers were told that the time ran out.
    pub timed_out: u64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    full: AtomicU64,
    late: AtomicU64,
}

impl Meter {
    /// An act found the queue full.
    pub(super) fn queue_was_full(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
    }

    /// A caller was told that the time ran out.
    pub(super) fn ran_out_of_time(&self) {
        self.late.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts now.
    pub(super) fn pressure(&self) -> Pressure {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Pressure { queue_full: now(&self.full), timed_out: now(&self.late) }
    }
}
