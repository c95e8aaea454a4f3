//! Leaving a server alone to which no connection can be made.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mantlet_types::Monotonic;

use super::config::BreakerRules;

/// Closed: requests go through and are counted. Open: they are refused until a time. Half-open,
/// after that time: one goes through, and what becomes of it decides.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    requests: AtomicU32,
    failures: AtomicU32,
    /// When the count began, in milliseconds of the monotonic clock.
    counted_since: AtomicU64,
    /// Until when it is open, in milliseconds; 0 while it is closed.
    open_until: AtomicU64,
}

/// What became of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Opened,
    Closed,
}

impl Breaker {
    /// Whether a request may go through.
    ///
    /// # Errors
    /// How long the server is still left alone.
    pub(super) fn enter(&self, now: Monotonic, rules: &BreakerRules) -> Result<(), Duration> {
        let until = self.open_until.load(Ordering::Relaxed);
        if until == 0 {
            return Ok(());
        }
        let left = until.saturating_sub(millis(now));
        if left > 0 {
            return Err(Duration::from_millis(left));
        }
        // Whoever moves the time on is the one that tries. Should it never come back, another one
        // tries after the pause.
        let again = millis(now).saturating_add(span(rules.pause)).max(1);
        let moved =
            self.open_until.compare_exchange(until, again, Ordering::AcqRel, Ordering::Relaxed);
        match moved {
            Ok(_) => Ok(()),
            // Closed in the meantime.
            Err(0) => Ok(()),
            Err(_) => Err(rules.pause),
        }
    }

    /// A connection was there for a request.
    pub(super) fn connected(&self) -> Option<Turn> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let was_open = self.open_until.load(Ordering::Relaxed) != 0;
        if !was_open || self.open_until.swap(0, Ordering::AcqRel) == 0 {
            return None;
        }
        self.requests.store(0, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
        Some(Turn::Closed)
    }

    /// No connection was to be had for a request.
    pub(super) fn failed(&self, now: Monotonic, rules: &BreakerRules) -> Option<Turn> {
        if rules.failures == 0 {
            return None;
        }
        let at = millis(now);
        let since = self.counted_since.load(Ordering::Relaxed);
        if at.saturating_sub(since) > span(rules.window) {
            self.counted_since.store(at, Ordering::Relaxed);
            self.requests.store(0, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
        let requests = u64::from(self.requests.fetch_add(1, Ordering::Relaxed)).saturating_add(1);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let is_open = self.open_until.load(Ordering::Relaxed) != 0;
        let is_much = failures >= rules.minimum
            && u64::from(failures).saturating_mul(100)
                >= requests.saturating_mul(u64::from(rules.failures));
        if !is_open && !is_much {
            return None;
        }
        let until = at.saturating_add(span(rules.pause)).max(1);
        let before = self.open_until.swap(until, Ordering::AcqRel);
        (before == 0).then_some(Turn::Opened)
    }

    /// Whether requests are refused now.
    pub(super) fn is_open(&self, now: Monotonic) -> bool {
        self.open_until.load(Ordering::Relaxed) > millis(now)
    }
}

/// Milliseconds since the clock's origin.
pub(super) fn millis(at: Monotonic) -> u64 {
    span(at.since_origin())
}

/// A length of time in milliseconds.
pub(super) fn span(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: BreakerRules = BreakerRules {
        failures: 50,
        minimum: 4,
        window: Duration::from_secs(10),
        pause: Duration::from_secs(5),
    };

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(100 + seconds))
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        for turn in [None, None, None, Some(Turn::Opened)] {
            assert_eq!(breaker.failed(at(0), &RULES), turn);
        }
        breaker
    }

    #[test]
    fn it_opens_at_the_ratio_and_not_below() {
        let breaker = Breaker::default();
        let _ = breaker.failed(at(0), &RULES);
        for _ in 0..20 {
            assert_eq!(breaker.connected(), None);
        }
        for _ in 0..18 {
            assert_eq!(breaker.failed(at(1), &RULES), None);
        }
        assert_eq!(breaker.failed(at(1), &RULES), Some(Turn::Opened), "20 of 40");
        assert_eq!(breaker.enter(at(1), &RULES), Err(Duration::from_secs(5)));
    }

    #[test]
    fn old_failures_are_forgotten() {
        let breaker = Breaker::default();
        for seconds in [0, 0, 0, 11, 11, 11] {
            assert_eq!(breaker.failed(at(seconds), &RULES), None);
        }
        assert_eq!(breaker.failed(at(12), &RULES), Some(Turn::Opened));
    }

    #[test]
    fn after_the_pause_one_request_tries_and_decides() {
        let breaker = opened();
        assert_eq!(breaker.enter(at(4), &RULES), Err(Duration::from_secs(1)));
        assert!(breaker.is_open(at(4)) && !breaker.is_open(at(5)));
        assert_eq!(breaker.enter(at(5), &RULES), Ok(()));
        assert_eq!(breaker.enter(at(5), &RULES), Err(Duration::from_secs(5)), "one alone");
        assert_eq!(breaker.failed(at(6), &RULES), None, "open as before");
        assert_eq!(breaker.enter(at(10), &RULES), Err(Duration::from_secs(1)));
        assert_eq!(breaker.enter(at(11), &RULES), Ok(()));
        assert_eq!(breaker.connected(), Some(Turn::Closed));
        assert_eq!(breaker.enter(at(11), &RULES), Ok(()));
        assert_eq!(breaker.failed(at(11), &RULES), None, "counts anew");
    }

    #[test]
    fn of_many_threads_one_tries_at_a_time() {
        for _ in 0..200 {
            let breaker = opened();
            let start = std::sync::Barrier::new(8);
            let tries = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..8)
                    .map(|_| {
                        scope.spawn(|| {
                            start.wait();
                            (0..20).filter(|_| breaker.enter(at(5), &RULES).is_ok()).count()
                        })
                    })
                    .collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
            });
            assert_eq!(tries, 1);
        }
    }
}
