//! The algorithms: what a take does to a stored cell. Pure functions, integer arithmetic, exact to
//! the nanosecond.
//!
//! All numbers fit in 128 bits because [`Quota`] bounds its own: at most 2^40 units × 2^64 ns.

mod bucket;
mod window;

use std::time::Duration;

use mantlet_types::Monotonic;

use self::bucket::Bucket;
use self::window::Window;
use crate::quota::Quota;

/// What is stored for one quota of one key. The default is a cell that nothing was taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// The latest moment (ns from the clock's origin) at which the quota is whole again, so that
    /// the cell may be forgotten. For a bucket it is the theoretical arrival time, for a window the
    /// start of the current window plus two.
    whole_at: u64,
    /// Bucket: the fraction of a nanosecond beyond `whole_at`, in parts of `limit`.
    /// Window: the tally of the window before.
    first: u64,
    /// Window: the tally of the current window.
    second: u64,
}

impl Cell {
    /// Whether the quota is whole again at `now`: the cell says no more than a default one.
    #[must_use]
    pub fn is_whole(&self, now: Monotonic) -> bool {
        self.is_whole_at(nanos(now))
    }

    pub(crate) const fn is_whole_at(&self, now_ns: u64) -> bool {
        self.whole_at < now_ns || (self.whole_at == now_ns && self.first == 0)
    }

    pub(crate) const fn whole_at(&self) -> u64 {
        self.whole_at
    }
}

/// What one quota says to one take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Whether the cost is within what is left.
    pub allowed: bool,
    /// The cost is more than the quota can ever give: waiting does not help.
    pub too_large: bool,
    /// Units left before the take.
    pub available: u64,
    /// Units left after it; the same as before when it is refused.
    pub remaining: u64,
    /// How long until the quota is whole again if nothing more is taken.
    pub reset_after: Duration,
    /// How long to wait until this take would be allowed; zero when it is. The window when
    /// `too_large`.
    pub retry_after: Duration,
    /// What to store if the take goes ahead; the old cell when it is refused.
    pub next: Cell,
}

impl Quota {
    /// What this quota says to a take of `cost` units at `now`, when `cell` is what is stored.
    /// A cost of zero asks what a take of one would get and takes nothing.
    #[must_use]
    pub fn evaluate(&self, cell: &Cell, cost: u32, now: Monotonic) -> Decision {
        match self.burst() {
            Some(burst) => Bucket::read(self, burst, cell, nanos(now)).decide(cell, cost),
            None => Window::read(self, cell, nanos(now)).decide(cell, cost),
        }
    }
}

/// Nanoseconds from the clock's origin; the last representable one after 584 years.
pub(crate) fn nanos(now: Monotonic) -> u64 {
    u64::try_from(now.since_origin().as_nanos()).unwrap_or(u64::MAX)
}

fn narrow(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// A span of whole nanoseconds and a fraction of one, rounded up.
fn up(whole_ns: u64, fraction: u64) -> Duration {
    Duration::from_nanos(whole_ns.saturating_add(u64::from(fraction > 0)))
}

fn too_large(quota: &Quota, cell: &Cell, available: u64, reset_after: Duration) -> Decision {
    Decision {
        allowed: false,
        too_large: true,
        available,
        remaining: available,
        reset_after,
        retry_after: quota.window(),
        next: *cell,
    }
}
