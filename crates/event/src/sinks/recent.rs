//! The last decisions in memory: for `mantlet explain` and the console.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_types::RequestId;

use crate::{Delivery, EventSink, Record, Stream};

/// The store holds at most this many bytes for each record of its capacity, on average, so that a
/// flood of long records cannot make it large.
const BYTES_PER_RECORD: usize = 4 * 1024;

/// The newest records of the decision and system streams.
#[derive(Debug)]
pub struct Recent {
    capacity: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    records: VecDeque<Arc<Record>>,
    bytes: usize,
}

impl Recent {
    /// A store of at most `capacity` records and 4 KiB for each of them.
    #[must_use]
    pub fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self { capacity: capacity.max(1), ring: Mutex::default() })
    }

    /// All records of one request, oldest first; empty when none is (or is still) here.
    #[must_use]
    pub fn by_request(&self, id: RequestId) -> Vec<Arc<Record>> {
        let ring = self.ring();
        ring.records
            .iter()
            .filter(|record| record.event().request_id() == Some(id))
            .cloned()
            .collect()
    }

    /// The newest `count` records, newest first.
    #[must_use]
    pub fn latest(&self, count: usize) -> Vec<Arc<Record>> {
        self.ring().records.iter().rev().take(count).cloned().collect()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts the record in; what has to go is returned, to be freed outside the lock.
    fn push(&self, record: Arc<Record>) -> Vec<Arc<Record>> {
        let limit = self.capacity.saturating_mul(BYTES_PER_RECORD);
        let mut gone = Vec::new();
        let mut ring = self.ring();
        ring.bytes += record.weight();
        ring.records.push_back(record);
        while ring.records.len() > self.capacity || ring.bytes > limit {
            let Some(oldest) = ring.records.pop_front() else {
                break;
            };
            ring.bytes = ring.bytes.saturating_sub(oldest.weight());
            gone.push(oldest);
        }
        gone
    }
}

impl EventSink for Arc<Recent> {
    fn name(&self) -> &'static str {
        "recent"
    }

    fn delivery(&self) -> Delivery {
        Delivery::Lossy
    }

    fn wants(&self, stream: Stream) -> bool {
        matches!(stream, Stream::Decision | Stream::System)
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn accept(&self, record: &Arc<Record>) {
        drop(self.push(Arc::clone(record)));
    }

    fn close(&self, _timeout: Duration) {}
}
