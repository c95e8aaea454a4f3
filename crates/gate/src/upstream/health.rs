//! Whether a server is well: what becomes of requests says so, and what it answers when asked.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use mantlet_types::Monotonic;

use super::breaker::{millis, span};
use super::config::HealthRules;

/// The health of one server.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Failures in a row.
    failures: AtomicU32,
    /// Until when it is passed over, in milliseconds of the monotonic clock; 0 when it is not.
    ejected_until: AtomicU64,
    /// How often in a row.
    ejections: AtomicU32,
    /// What it answered when asked.
    is_unhealthy: AtomicBool,
    /// Good answers in a row, or bad ones.
    checks: AtomicU32,
}

/// A change worth an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Passed over for so long; `None` until it answers well.
    Ejected(Option<Duration>),
    Returned,
}

impl Health {
    /// Whether it is to be used while others are.
    pub(super) fn is_usable(&self, now: Monotonic) -> bool {
        let until = self.ejected_until.load(Ordering::Relaxed);
        (until == 0 || until <= millis(now)) && !self.is_unhealthy.load(Ordering::Relaxed)
    }

    /// Whether a good answer changes nothing: the usual case, which costs no look at the clock.
    pub(super) fn is_spotless(&self) -> bool {
        self.failures.load(Ordering::Relaxed) == 0
            && self.ejected_until.load(Ordering::Relaxed) == 0
    }

    /// A request was answered.
    pub(super) fn succeeded(&self, now: Monotonic) -> Option<Change> {
        self.failures.store(0, Ordering::Relaxed);
        let until = self.ejected_until.load(Ordering::Relaxed);
        if until == 0 || until > millis(now) {
            return None;
        }
        self.ejections.store(0, Ordering::Relaxed);
        (self.ejected_until.swap(0, Ordering::AcqRel) != 0).then_some(Change::Returned)
    }

    /// A request failed on it.
    pub(super) fn failed(&self, now: Monotonic, rules: &HealthRules) -> Option<Change> {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let until = self.ejected_until.load(Ordering::Acquire);
        if until > millis(now) || rules.failures == 0 {
            return None;
        }
        // Where it has just come back, the next failure is one too many.
        if until == 0 && failures < rules.failures {
            return None;
        }
        let times = self.ejections.load(Ordering::Relaxed).min(20);
        let time = rules.eject_time.saturating_mul(1 << times).min(rules.max_eject_time);
        let next = millis(now).saturating_add(span(time)).max(1);
        let swapped =
            self.ejected_until.compare_exchange(until, next, Ordering::AcqRel, Ordering::Relaxed);
        swapped.ok()?;
        self.ejections.store(times.saturating_add(1), Ordering::Relaxed);
        Some(Change::Ejected(Some(time)))
    }

    /// It was asked, and `is_good` is what it answered. Called by one checker alone.
    pub(super) fn checked(&self, is_good: bool, rules: &HealthRules) -> Option<Change> {
        let is_out = self.is_unhealthy.load(Ordering::Relaxed);
        if is_good != is_out {
            self.checks.store(0, Ordering::Relaxed);
            return None;
        }
        let checks = self.checks.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let needed = if is_out { rules.healthy } else { rules.unhealthy };
        if checks < needed {
            return None;
        }
        self.checks.store(0, Ordering::Relaxed);
        self.is_unhealthy.store(!is_good, Ordering::Relaxed);
        Some(if is_good { Change::Returned } else { Change::Ejected(None) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> HealthRules {
        HealthRules {
            failures: 3,
            eject_time: Duration::from_secs(5),
            max_eject_time: Duration::from_secs(12),
            path: None,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            healthy: 2,
            unhealthy: 2,
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(100 + seconds))
    }

    fn ejected(seconds: u64) -> Option<Change> {
        Some(Change::Ejected(Some(Duration::from_secs(seconds))))
    }

    #[test]
    fn failures_in_a_row_take_it_out_for_a_growing_time() {
        let (health, rules) = (Health::default(), rules());
        assert_eq!(health.failed(at(0), &rules), None);
        assert_eq!(health.failed(at(0), &rules), None);
        assert_eq!(health.succeeded(at(0)), None, "not in a row");
        for turn in [None, None, ejected(5), None] {
            assert_eq!(health.failed(at(0), &rules), turn);
        }
        assert!(!health.is_usable(at(4)) && health.is_usable(at(5)));
        assert_eq!(health.failed(at(5), &rules), ejected(10), "one is enough now");
        assert_eq!(health.failed(at(15), &rules), ejected(12), "at most");
        assert_eq!(health.succeeded(at(20)), None, "a late answer does not bring it back");
        assert_eq!(health.succeeded(at(27)), Some(Change::Returned));
        assert_eq!(health.succeeded(at(27)), None);
        for turn in [None, None, ejected(5)] {
            assert_eq!(health.failed(at(28), &rules), turn, "as at first");
        }
    }

    #[test]
    fn answers_to_the_checker_take_it_out_and_bring_it_back() {
        let (health, rules) = (Health::default(), rules());
        for (is_good, change, is_usable) in [
            (false, None, true),
            (true, None, true),
            (false, None, true),
            (false, Some(Change::Ejected(None)), false),
            (true, None, false),
            (false, None, false),
            (true, None, false),
            (true, Some(Change::Returned), true),
            (true, None, true),
        ] {
            assert_eq!(health.checked(is_good, &rules), change);
            assert_eq!(health.is_usable(at(0)), is_usable);
        }
    }

    #[test]
    fn nothing_is_taken_out_where_that_is_off() {
        let (health, rules) = (Health::default(), HealthRules { failures: 0, ..rules() });
        for _ in 0..100 {
            assert_eq!(health.failed(at(0), &rules), None);
        }
    }
}
