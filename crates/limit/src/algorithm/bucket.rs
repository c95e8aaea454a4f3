//! Generic cell rate algorithm: a token bucket kept as the time at which it is full again.

use std::time::Duration;

use super::{Cell, Decision, narrow, too_large, up};
use crate::quota::Quota;

/// A cell, read at one moment. Levels are in units × window nanoseconds: one unit costs
/// `window`, and each nanosecond pays back `limit`, so that no rate needs rounding.
pub(super) struct Bucket<'a> {
    quota: &'a Quota,
    limit: u128,
    window: u128,
    full: u128,
    /// What is still to be paid back.
    debt: u128,
    now: u64,
}

impl<'a> Bucket<'a> {
    pub(super) fn read(quota: &'a Quota, burst: u64, cell: &Cell, now: u64) -> Self {
        let limit = u128::from(quota.limit());
        let window = u128::from(quota.window_ns());
        let debt = if cell.is_whole_at(now) {
            0
        } else {
            u128::from(cell.whole_at - now) * limit + u128::from(cell.first).min(limit)
        };
        Self { quota, limit, window, full: u128::from(burst) * window, debt, now }
    }

    pub(super) fn decide(&self, cell: &Cell, cost: u32) -> Decision {
        let available = self.left();
        let wanted = u128::from(cost.max(1)) * self.window;
        if wanted > self.full {
            let (whole_ns, fraction) = self.pay_back(self.debt);
            return too_large(self.quota, cell, available, up(whole_ns, fraction));
        }
        let short = (self.debt + wanted).saturating_sub(self.full);
        let allowed = short == 0;
        let taken = if allowed { cost } else { 0 };
        let (whole_ns, fraction) = self.pay_back(self.debt + u128::from(taken) * self.window);
        let next = Cell { whole_at: self.now.saturating_add(whole_ns), first: fraction, second: 0 };
        Decision {
            allowed,
            too_large: false,
            available,
            remaining: available.saturating_sub(u64::from(taken)),
            reset_after: up(whole_ns, fraction),
            retry_after: Duration::from_nanos(narrow(short.div_ceil(self.limit))),
            next: if taken > 0 { next } else { *cell },
        }
    }

    fn left(&self) -> u64 {
        narrow(self.full.saturating_sub(self.debt) / self.window)
    }

    /// How long a debt takes to be paid back: whole nanoseconds and a fraction in parts of `limit`.
    fn pay_back(&self, debt: u128) -> (u64, u64) {
        let whole = debt / self.limit;
        (narrow(whole), narrow(debt - whole * self.limit))
    }
}
