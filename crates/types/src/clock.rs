//! Time as an argument.

use std::fmt::Debug;
use std::time::Duration;

use jiff::Timestamp;

/// A point on the monotonic clock: the time since an arbitrary origin that does not change while
/// the process lives. Never goes back when the wall clock is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The point `since_origin` after the clock's origin.
    #[must_use]
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// How far this point lies after the clock's origin.
    #[must_use]
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// How far this point lies after `earlier`; zero when it does not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The point `by` later; the last representable one when that overflows.
    #[must_use]
    pub const fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// Where the time comes from. Production passes [`SystemClock`]; tests pass a clock they move.
pub trait Clock: Debug + Send + Sync {
    /// Wall-clock time, UTC: for records that people and other machines read.
    fn now(&self) -> Timestamp;

    /// Monotonic time: for durations, limits and deadlines.
    fn monotonic(&self) -> Monotonic;
}

/// The machine's own clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic origin is now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn new() -> Self {
        Self { origin: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(self.origin.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_never_goes_back() {
        let clock = SystemClock::new();
        let first = clock.monotonic();
        assert!(clock.monotonic() >= first);
        assert_eq!(first.since(first.plus(Duration::from_secs(1))), Duration::ZERO);
    }
}
