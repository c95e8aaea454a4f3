//! The work that a transaction may still do. Work is counted, not time, so that the same request always
//! ends the same way.

use super::report::{Budget, Limits};

/// What a transaction may still spend.
#[derive(Debug)]
pub(super) struct Watch {
    work_left: u64,
    work_done: u64,
    /// How much each byte adds that comes in.
    work_per_byte: u64,
    /// How many bytes came in.
    received: u64,
    /// How many bytes are kept that are counted: those of values and their names.
    kept: u64,
}

/// How many bytes are a large request. What is small may cost little in all, so that it is over soon;
/// what is large is mostly many values, and each of its bytes may cost more.
const LARGE_BYTES: u64 = 128 * 1024;

/// What a value costs, however short, where nothing else limits how many there are: it is kept, and what
/// can match it is looked up.
const VALUE_COST: u64 = 192;

/// How many bytes of a value and its name may be others' bytes: the path to an array in JSON is kept with
/// each value of it.
const REPEATED_BYTES: u64 = 96;

/// What each byte costs that is kept beyond those and what came.
const REPEATED_COST: u64 = 16;

impl Watch {
    pub(super) const fn new(limits: Limits) -> Self {
        let Limits { work_bytes: work_left, work_per_byte, .. } = limits;
        Self { work_left, work_done: 0, work_per_byte, received: 0, kept: 0 }
    }

    /// So much of the request or the answer came.
    pub(super) const fn receive(&mut self, bytes: usize) {
        let before = self.received;
        self.received = before.saturating_add(bytes as u64);
        let beyond = self.received.saturating_sub(LARGE_BYTES);
        let known = before.saturating_sub(LARGE_BYTES);
        let counted = (bytes as u64).saturating_add(beyond - known);
        let more = self.work_per_byte.saturating_mul(counted);
        if self.work_left > 0 {
            self.work_left = self.work_left.saturating_add(more);
        }
    }

    /// Takes work off.
    pub(super) const fn spend(&mut self, work: u64) {
        self.work_left = self.work_left.saturating_sub(work);
        self.work_done = self.work_done.saturating_add(work);
    }

    /// A value of so many bytes, its name included, is to be kept. `false`: there is no more room for work.
    /// What is kept beyond what came will be looked at too, and takes off what it did not bring.
    pub(super) const fn take_in(&mut self, bytes: usize) -> bool {
        let bytes = bytes as u64;
        let counted = bytes.saturating_sub(REPEATED_BYTES);
        let room = self.received.saturating_sub(self.kept);
        self.kept = self.kept.saturating_add(counted);
        let repeated = REPEATED_COST.saturating_mul(counted.saturating_sub(room));
        self.spend(bytes.saturating_add(repeated));
        self.work_left > 0
    }

    /// One more value comes of a kind of which there may be any number. `false`: there is no more room for
    /// work.
    pub(super) const fn one_more(&mut self) -> bool {
        self.spend(VALUE_COST);
        self.work_left > 0
    }

    /// Which budget is spent. `None`: none is.
    pub(super) const fn exhausted(&self) -> Option<Budget> {
        if self.work_left == 0 { Some(Budget::Work) } else { None }
    }

    /// How much may still be done.
    pub(super) const fn work_left(&self) -> u64 {
        self.work_left
    }

    /// How much has been done.
    pub(super) const fn work_done(&self) -> u64 {
        self.work_done
    }
}
