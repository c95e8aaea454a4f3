//! A clock that the test moves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mantlet_types::{Clock, Monotonic, Timestamp};

use crate::lock;

/// A clock that stands still until the test moves it. Clones show the same time.
#[derive(Debug, Clone)]
pub struct FakeClock(Arc<Mutex<Hands>>);

#[derive(Debug)]
struct Hands {
    wall: Timestamp,
    monotonic: Monotonic,
}

impl FakeClock {
    /// A clock at 2026-01-01T00:00:00Z, one hour after its monotonic origin.
    #[must_use]
    pub fn new() -> Self {
        Self::at("2026-01-01T00:00:00Z".parse().unwrap())
    }

    /// A clock at `wall`, one hour after its monotonic origin.
    #[must_use]
    pub fn at(wall: Timestamp) -> Self {
        let monotonic = Monotonic::from_origin(Duration::from_secs(3600));
        Self(Arc::new(Mutex::new(Hands { wall, monotonic })))
    }

    /// The clock as the argument that production code takes.
    #[must_use]
    pub fn shared(&self) -> Arc<dyn Clock> {
        Arc::new(self.clone())
    }

    /// Lets `by` pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut hands = lock(&self.0);
        hands.wall += by;
        hands.monotonic = hands.monotonic.plus(by);
    }

    /// Sets the wall clock, as an administrator or a time server does; monotonic time stays.
    pub fn set_wall(&self, wall: Timestamp) {
        lock(&self.0).wall = wall;
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        lock(&self.0).wall
    }

    fn monotonic(&self) -> Monotonic {
        lock(&self.0).monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_on_both_clocks_and_in_every_clone() {
        let clock = FakeClock::new();
        let other = clock.shared();
        let (wall, monotonic) = (other.now(), other.monotonic());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(other.monotonic().since(monotonic), Duration::from_millis(1500));
        assert_eq!(other.now(), wall + Duration::from_millis(1500));
    }

    #[test]
    fn setting_the_wall_clock_leaves_monotonic_time_alone() {
        let clock = FakeClock::new();
        let before = clock.monotonic();
        clock.set_wall(Timestamp::UNIX_EPOCH);
        assert_eq!((clock.now(), clock.monotonic()), (Timestamp::UNIX_EPOCH, before));
    }
}
