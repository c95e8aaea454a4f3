//! How fast one connection may go.

use std::sync::Arc;

use mantlet_limit::{Cell, Quota};
use mantlet_types::Clock;

/// One quota of one connection.
#[derive(Debug)]
pub(super) struct Rate {
    quota: Quota,
    cell: Cell,
    clock: Arc<dyn Clock>,
}

impl Rate {
    pub(super) fn new(quota: Quota, clock: &Arc<dyn Clock>) -> Self {
        Self { quota, cell: Cell::default(), clock: Arc::clone(clock) }
    }

    /// Takes one; `false` when there is none.
    pub(super) fn take(&mut self) -> bool {
        let decision = self.quota.evaluate(&self.cell, 1, self.clock.monotonic());
        self.cell = decision.next;
        decision.allowed
    }
}
