//! The work and the time that a transaction may still spend.

use std::sync::Arc;
use std::time::Duration;

use mantlet_types::{Clock, Monotonic};

use super::report::{Budget, Limits};

/// How much work is done between two looks at the clock: some hundred microseconds.
const LOOK_EVERY: u64 = 64 << 10;

/// What is left of the time.
#[derive(Debug)]
struct Time {
    clock: Arc<dyn Clock>,
    left: Duration,
    /// When the phase that runs began. `None`: none runs.
    began: Option<Monotonic>,
}

/// What a transaction may still spend.
#[derive(Debug)]
pub(super) struct Watch {
    work_left: u64,
    /// How much each byte adds that comes in.
    work_per_byte: u64,
    /// The clock is looked at when there is less work left than this.
    look_below: u64,
    time: Option<Time>,
    is_late: bool,
}

impl Watch {
    /// A watch over work alone.
    pub(super) const fn new(limits: Limits) -> Self {
        let Limits { work_bytes: work, work_per_byte, .. } = limits;
        Self { work_left: work, work_per_byte, look_below: work, time: None, is_late: false }
    }

    /// So much of the request or the answer came.
    pub(super) const fn receive(&mut self, bytes: usize) {
        let more = self.work_per_byte.saturating_mul(bytes as u64);
        if self.work_left > 0 {
            self.work_left = self.work_left.saturating_add(more);
            self.look_below = self.look_below.saturating_add(more);
        }
    }

    /// Watches time too.
    pub(super) fn limit_time(&mut self, clock: Arc<dyn Clock>, left: Duration) {
        self.time = Some(Time { clock, left, began: None });
    }

    /// A phase begins: its time counts.
    pub(super) fn start(&mut self) {
        if let Some(time) = &mut self.time
            && time.began.is_none()
        {
            time.began = Some(time.clock.monotonic());
        }
    }

    /// A phase is over: what it took is gone.
    pub(super) fn stop(&mut self) {
        if let Some(time) = &mut self.time
            && let Some(began) = time.began.take()
        {
            time.left = time.left.saturating_sub(time.clock.monotonic().since(began));
        }
    }

    /// Takes work off.
    pub(super) const fn spend(&mut self, work: u64) {
        self.work_left = self.work_left.saturating_sub(work);
    }

    /// Which budget is spent. `None`: none is.
    pub(super) fn exhausted(&mut self) -> Option<Budget> {
        if self.work_left == 0 {
            return Some(Budget::Work);
        }
        if self.work_left < self.look_below {
            self.look_below = self.work_left.saturating_sub(LOOK_EVERY);
            self.look();
        }
        self.is_late.then_some(Budget::Time)
    }

    fn look(&mut self) {
        let Some(time) = &self.time else { return };
        let Some(began) = time.began else { return };
        self.is_late = time.clock.monotonic().since(began) > time.left;
    }
}
