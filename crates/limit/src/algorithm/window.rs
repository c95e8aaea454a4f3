//! Sliding window counter: what was taken in the current window, and a share of what was taken in
//! the one before.
//!
//! A window begins with its first take, at least one window after the one before began. Of the
//! window before, the first unit is known to be a window old when the current one begins; the rest
//! is supposed to be spread evenly up to its last take, and ages accordingly.

use std::time::Duration;

use super::{Cell, Decision, narrow, too_large};
use crate::quota::Quota;

/// Offsets are stored in units of about 2^-23 of a window, so that they fit beside the count.
const OFFSET_BITS: u32 = 24;

/// What was taken in one window: how many units, and how far from its beginning the last of them.
#[derive(Clone, Copy, Default)]
struct Tally {
    count: u64,
    last_ns: u64,
}

impl Tally {
    fn unpack(word: u64, quota: &Quota) -> Self {
        let offset = word & ((1 << OFFSET_BITS) - 1);
        Self {
            count: (word >> OFFSET_BITS).min(quota.limit()),
            last_ns: offset.saturating_mul(offset_unit(quota)).min(quota.window_ns()),
        }
    }

    /// Rounds the offset up: the safe side. A count is at most 10^12, below 2^40.
    fn pack(self, quota: &Quota) -> u64 {
        (self.count << OFFSET_BITS) | self.last_ns.div_ceil(offset_unit(quota))
    }

    /// How many units still count when the beginning lies `age_ns` more than one window back.
    fn still_counts(&self, age_ns: u64) -> u64 {
        match self.last_ns.checked_sub(age_ns) {
            None | Some(0) => 0,
            Some(ahead) => {
                let parts = u128::from(self.count) * u128::from(ahead);
                narrow(parts.div_ceil(u128::from(self.last_ns)))
            }
        }
    }

    /// The age from which on at most `room` units still count.
    fn age_for(&self, room: u64) -> u64 {
        if self.count <= room {
            return 0;
        }
        let early = u128::from(room) * u128::from(self.last_ns) / u128::from(self.count);
        self.last_ns.saturating_sub(narrow(early))
    }

    /// The same, seen when its first unit is a window old and gone.
    fn begun(self) -> Self {
        Self { count: self.count.saturating_sub(1), ..self }
    }
}

fn offset_unit(quota: &Quota) -> u64 {
    (quota.window_ns() >> (OFFSET_BITS - 1)).saturating_add(1)
}

/// A cell, read at one moment.
pub(super) struct Window<'a> {
    quota: &'a Quota,
    before: Tally,
    /// One window after the window before began; its offsets count from here.
    base: u64,
    current: Tally,
    start: u64,
    now: u64,
}

impl<'a> Window<'a> {
    pub(super) fn read(quota: &'a Quota, cell: &Cell, now: u64) -> Self {
        let window = quota.window_ns();
        let start = cell.whole_at.saturating_sub(window.saturating_mul(2));
        let next = start.saturating_add(window);
        let current = Tally::unpack(cell.second, quota);
        let none = Tally::default();
        let (before, base, current, start) = if now >= cell.whole_at {
            (none, now, none, now)
        } else if now >= next {
            (current.begun(), next, none, now)
        } else {
            (Tally::unpack(cell.first, quota), start, current, start)
        };
        Self { quota, before, base, current, start, now }
    }

    pub(super) fn decide(&self, cell: &Cell, cost: u32) -> Decision {
        let used = self.current.count.saturating_add(self.still_counts());
        let available = self.quota.limit().saturating_sub(used);
        let wanted = u64::from(cost.max(1));
        if wanted > self.quota.limit() {
            return too_large(self.quota, cell, available, self.reset_after(self.current));
        }
        let allowed = wanted <= available;
        let taken = if allowed { u64::from(cost) } else { 0 };
        let next = self.after(cell, taken);
        Decision {
            allowed,
            too_large: false,
            available,
            remaining: available.saturating_sub(taken),
            reset_after: self.reset_after(if taken > 0 {
                Tally::unpack(next.second, self.quota)
            } else {
                self.current
            }),
            retry_after: if allowed { Duration::ZERO } else { self.retry_after(wanted) },
            next,
        }
    }

    /// How many units of the window before still count; all of them for a clock that went back.
    fn still_counts(&self) -> u64 {
        match self.now.checked_sub(self.base) {
            Some(age) => self.before.still_counts(age),
            None => self.before.count,
        }
    }

    /// The cell after `taken` units.
    fn after(&self, cell: &Cell, taken: u64) -> Cell {
        if taken == 0 {
            return *cell;
        }
        // When the current window begins now, offsets of the one before count from now on.
        let before = Tally {
            count: if self.start == self.base { self.before.count } else { self.still_counts() },
            last_ns: (self.base.saturating_add(self.before.last_ns)).saturating_sub(self.start),
        };
        let offset = self.now.saturating_sub(self.start);
        let current = Tally {
            count: self.current.count.saturating_add(taken),
            last_ns: self.current.last_ns.max(offset),
        };
        Cell {
            whole_at: self.end().saturating_add(self.quota.window_ns()),
            first: before.pack(self.quota),
            second: current.pack(self.quota),
        }
    }

    /// The end of the current window.
    const fn end(&self) -> u64 {
        self.start.saturating_add(self.quota.window_ns())
    }

    fn reset_after(&self, current: Tally) -> Duration {
        let whole_at = if current.count > 0 {
            self.end().saturating_add(current.begun().age_for(0))
        } else {
            self.base.saturating_add(self.before.age_for(0))
        };
        Duration::from_nanos(whole_at.saturating_sub(self.now))
    }

    /// When `wanted` units fit again: as the window before ages, or, when the current one alone
    /// leaves no room, as that ages in its turn.
    fn retry_after(&self, wanted: u64) -> Duration {
        let free = self.quota.limit().saturating_sub(wanted);
        let then = match free.checked_sub(self.current.count) {
            Some(room) => self.base.saturating_add(self.before.age_for(room)),
            None => self.end().saturating_add(self.current.begun().age_for(free)),
        };
        Duration::from_nanos(then.saturating_sub(self.now))
    }
}
