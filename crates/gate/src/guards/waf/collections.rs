//! What rules remember of addresses, sessions and users: in memory, bounded, and counted when there
//! is no room for more.

use std::sync::Arc;

use mantlet_event::Metrics;
use mantlet_event::metrics::CounterHandle;
use mantlet_waf::{CollectionKey, CollectionStore, MemoryCollections, StoredChange, StoredValues};

/// Collections that are kept at a time.
const COLLECTIONS: usize = 100_000;

/// Collections in memory; what finds no room is counted as reached limit `waf.collections`.
#[derive(Debug)]
pub struct Collections {
    inner: MemoryCollections,
    full: CounterHandle,
}

impl Collections {
    /// Empty collections that count in `metrics`.
    #[must_use]
    pub fn shared(metrics: &Metrics) -> Arc<dyn CollectionStore> {
        let full = metrics.limit_counter("waf.collections");
        Arc::new(Self { inner: MemoryCollections::new(COLLECTIONS), full })
    }
}

impl CollectionStore for Collections {
    fn values(&self, key: &CollectionKey, now: i64) -> StoredValues {
        self.inner.values(key, now)
    }

    fn change(
        &self,
        key: &CollectionKey,
        name: &[u8],
        change: StoredChange<'_>,
        now: i64,
        timeout_secs: u64,
    ) -> Option<Box<[u8]>> {
        let is_kept = matches!(change, StoredChange::Set(_) | StoredChange::Add(_));
        let value = self.inner.change(key, name, change, now, timeout_secs);
        if is_kept && value.is_none() {
            self.full.add_one();
        }
        value
    }
}
