//! Whose turn it is on one thread: the worker of the configuration in force.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::Worker;
use crate::live::Live;

/// One thread's place for its worker. A new configuration puts a new worker there; whoever took
/// the one before, for a request or a connection, keeps it until that ends.
///
/// Each thread has a seat of its own: taking the worker touches nothing that other threads touch.
#[derive(Debug)]
pub(crate) struct Seat(ArcSwap<Worker>);

impl Seat {
    pub(crate) fn new(worker: Worker) -> Self {
        Self(ArcSwap::from_pointee(worker))
    }

    /// The worker now. To be asked once for each request, so that it sees one configuration.
    pub(crate) fn worker(&self) -> Arc<Worker> {
        self.0.load_full()
    }

    /// From now on `live` holds here. Called by one thread at a time.
    pub(crate) fn swap(&self, live: &Arc<Live>) {
        self.0.store(Arc::new(self.worker().next(live)));
    }
}
