//! The algorithms against oracles that remember everything.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::time::Duration;

use mantlet_limit::{Cell, Decision, Quota};
use mantlet_types::Monotonic;
use proptest::prelude::*;

const MILLI: u64 = 1_000_000;

fn at(ns: u64) -> Monotonic {
    Monotonic::from_origin(Duration::from_nanos(ns))
}

fn quota(text: &str) -> Quota {
    text.parse().unwrap()
}

/// Takes and stores, as a store would.
fn take(quota: &Quota, cell: &mut Cell, cost: u32, ns: u64) -> Decision {
    let decision = quota.evaluate(cell, cost, at(ns));
    *cell = decision.next;
    decision
}

/// A token bucket in exact integers, written the other way round: it counts what is there and
/// fills it up step by step. Parts of a token are `1 / window`.
struct TokenBucket {
    quota: Quota,
    parts: u128,
    last: u64,
}

impl TokenBucket {
    fn new(quota: Quota) -> Self {
        let parts = u128::from(quota.capacity()) * quota.window().as_nanos();
        Self { quota, parts, last: 0 }
    }

    fn take(&mut self, cost: u32, ns: u64) -> bool {
        let window = self.quota.window().as_nanos();
        let full = u128::from(self.quota.capacity()) * window;
        let gained = u128::from(ns - self.last) * u128::from(self.quota.limit());
        self.parts = (self.parts + gained).min(full);
        self.last = ns;
        let wanted = u128::from(cost) * window;
        let enough = wanted <= self.parts;
        if enough {
            self.parts -= wanted;
        }
        enough
    }
}

/// Units of a log that lie in `(until - span, until]`.
fn logged(log: &[(u64, u32)], span: u64, until: u64) -> u64 {
    log.iter()
        .filter(|(ns, _)| *ns <= until && *ns + span > until)
        .map(|(_, cost)| u64::from(*cost))
        .sum()
}

/// Steps of time and costs, short against a window of one second, with long rests between.
fn visits() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let step = prop_oneof![
        8 => 0..50 * MILLI,
        3 => 0..400 * MILLI,
        1 => 0..3_000 * MILLI,
    ];
    proptest::collection::vec((step, 1_u32..4), 1..300)
}

fn any_quota() -> impl Strategy<Value = Quota> {
    (1_u64..60, 1_u64..3_000, proptest::option::of(1_u64..200)).prop_map(
        |(limit, millis, burst)| Quota::new(limit, Duration::from_millis(millis), burst).unwrap(),
    )
}

#[test]
fn a_bucket_gives_its_burst_then_its_rate() {
    let quota = quota("100/s burst 1000");
    let mut cell = Cell::default();
    let burst = (0..2_000).filter(|_| take(&quota, &mut cell, 1, 5).allowed);
    assert_eq!(burst.count(), 1_000);
    // One every 10 ms from there on, however often it is asked.
    let steady = (0..10_000).filter(|step| take(&quota, &mut cell, 1, 5 + step * MILLI).allowed);
    assert_eq!(steady.count(), 999);
}

#[test]
fn a_window_gives_its_limit_then_room_as_the_takes_age() {
    let quota = quota("60/min");
    let mut cell = Cell::default();
    let second = 1_000 * MILLI;
    let first = (0..100).filter(|_| take(&quota, &mut cell, 1, 7).allowed);
    assert_eq!(first.count(), 60);
    assert!(!take(&quota, &mut cell, 1, 60 * second + 6).allowed);
    // All sixty came at once, so they leave at once.
    for number in 0..60 {
        assert!(take(&quota, &mut cell, 1, (60 + number) * second + 7).allowed);
    }
    // Now they came evenly, and leave evenly.
    assert!(take(&quota, &mut cell, 0, 149 * second).remaining.abs_diff(30) <= 1);
    let rested = (0..100).filter(|_| take(&quota, &mut cell, 1, 500 * second).allowed);
    assert_eq!(rested.count(), 60);
}

#[test]
fn steady_use_just_below_the_limit_is_never_refused() {
    for text in ["60/min", "1/s", "7/3s", "60/min burst 1", "7/3s burst 1"] {
        let (quota, mut cell) = (quota(text), Cell::default());
        let share = u64::try_from(quota.window().as_nanos()).unwrap() / quota.limit();
        let step = share + share / 100;
        for number in 0..1_000 {
            let decision = take(&quota, &mut cell, 1, number * step);
            assert!(decision.allowed, "{text} {number}");
        }
    }
}

#[test]
fn a_cost_above_the_capacity_is_refused_for_good() {
    for (text, cost) in [("5/s", 6), ("5/s burst 10", 11), ("5/s burst 2", 3)] {
        let decision = quota(text).evaluate(&Cell::default(), cost, at(9));
        assert!(!decision.allowed && decision.too_large, "{text}");
        assert_eq!(decision.retry_after, Duration::from_secs(1), "{text}");
        assert_eq!(decision.next, Cell::default(), "{text}");
        let fitting = quota(text).evaluate(&Cell::default(), cost - 1, at(9));
        assert!(fitting.allowed && fitting.remaining == 0, "{text}");
    }
}

#[test]
fn a_cost_of_zero_asks_and_takes_nothing() {
    for text in ["2/s", "2/s burst 2"] {
        let (quota, mut cell) = (quota(text), Cell::default());
        assert!(take(&quota, &mut cell, 0, 0).allowed);
        assert_eq!(cell, Cell::default());
        take(&quota, &mut cell, 2, 0);
        let asked = take(&quota, &mut cell, 0, 0);
        assert!(!asked.allowed && !asked.retry_after.is_zero(), "{text}");
        assert_eq!(asked.remaining, 0);
    }
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let max = Quota::MAX_LIMIT;
    for burst in [None, Some(max), Some(1)] {
        for limit in [1, max] {
            let quota = Quota::new(limit, Quota::MAX_WINDOW, burst).unwrap();
            let mut cell = Cell::default();
            for ns in [0, 1, u64::MAX / 2, u64::MAX, 0, 1] {
                for cost in [0, 1, u32::MAX] {
                    take(&quota, &mut cell, cost, ns);
                }
            }
            take(&quota, &mut cell, 1, u64::MAX);
            let late = quota.evaluate(&cell, 1, Monotonic::from_origin(Duration::MAX));
            assert!(late.available <= quota.capacity());
        }
    }
}

proptest! {
    #[test]
    fn a_bucket_agrees_with_an_exact_token_bucket(
        limit in 1_u64..2_000, millis in 1_u64..5_000, burst in 1_u64..50, visits in visits(),
    ) {
        let quota = Quota::new(limit, Duration::from_millis(millis), Some(burst)).unwrap();
        let (mut cell, mut oracle, mut now) = (Cell::default(), TokenBucket::new(quota), 0);
        for (step, cost) in visits {
            now += step;
            prop_assert_eq!(take(&quota, &mut cell, cost, now).allowed, oracle.take(cost, now));
        }
    }

    /// The safe side: spans of `n` windows meet at most `n + 1` of the counter's own, which hold
    /// `limit` each; a span of one never holds twice the limit; and nobody is refused who stays
    /// within `limit` over two windows.
    #[test]
    fn a_window_keeps_its_bounds_against_an_exact_log(limit in 1_u64..40, visits in visits()) {
        let window = 1_000 * MILLI;
        let quota = Quota::new(limit, Duration::from_secs(1), None).unwrap();
        let (mut cell, mut log, mut now) = (Cell::default(), Vec::new(), 0);
        for (step, cost) in visits {
            now += step;
            let decision = take(&quota, &mut cell, cost, now);
            if decision.allowed {
                log.push((now, cost));
            } else if !decision.too_large {
                prop_assert!(logged(&log, 2 * window, now) + u64::from(cost) > limit);
            }
            prop_assert!(logged(&log, window, now) < 2 * limit);
            for windows in 2..6 {
                prop_assert!(logged(&log, windows * window, now) <= (windows + 1) * limit);
            }
        }
    }

    #[test]
    fn a_window_of_one_unit_is_exact(steps in proptest::collection::vec(0..2_500 * MILLI, 1..200)) {
        let (quota, mut cell, mut now) = (quota("1/s"), Cell::default(), 0);
        let mut last: Option<u64> = None;
        for step in steps {
            now += step;
            let expected = last.is_none_or(|last| now - last >= 1_000 * MILLI);
            prop_assert_eq!(take(&quota, &mut cell, 1, now).allowed, expected);
            if expected {
                last = Some(now);
            }
        }
    }

    #[test]
    fn waiting_retry_after_is_enough_and_one_ns_less_is_not(
        quota in any_quota(), visits in visits(), cost in 1_u32..20,
    ) {
        let (mut cell, mut now) = (Cell::default(), 0);
        for (step, cost) in visits {
            now += step;
            take(&quota, &mut cell, cost, now);
        }
        let decision = quota.evaluate(&cell, cost, at(now));
        prop_assert_eq!(decision.allowed, decision.retry_after.is_zero());
        if !decision.allowed && !decision.too_large {
            let then = at(now).plus(decision.retry_after);
            prop_assert!(quota.evaluate(&cell, cost, then).allowed);
            let early = then.since_origin().saturating_sub(Duration::from_nanos(1));
            prop_assert!(!quota.evaluate(&cell, cost, Monotonic::from_origin(early)).allowed);
        }
    }

    #[test]
    fn after_reset_the_quota_is_whole_and_before_it_is_not(
        quota in any_quota(), visits in visits(),
    ) {
        let (mut cell, mut now) = (Cell::default(), 0);
        for (step, cost) in visits {
            now += step;
            let decision = take(&quota, &mut cell, cost, now);
            let then = at(now).plus(decision.reset_after);
            prop_assert!(cell.is_whole(then) || cell == Cell::default() || quota.burst().is_none());
            prop_assert_eq!(quota.evaluate(&cell, 0, then).available, quota.capacity());
            if !decision.reset_after.is_zero() {
                let early = then.since_origin().saturating_sub(Duration::from_nanos(1));
                let early = quota.evaluate(&cell, 0, Monotonic::from_origin(early));
                prop_assert!(early.available < quota.capacity());
            }
        }
    }

    #[test]
    fn a_whole_cell_may_be_forgotten(quota in any_quota(), visits in visits(), asked in 0_u32..9) {
        let (mut cell, mut now) = (Cell::default(), 0);
        for (step, cost) in visits {
            now += step;
            if cell.is_whole(at(now)) {
                let kept = quota.evaluate(&cell, asked, at(now));
                let fresh = quota.evaluate(&Cell::default(), asked, at(now));
                prop_assert_eq!(kept.allowed, fresh.allowed);
                prop_assert_eq!(kept.available, fresh.available);
                prop_assert_eq!(kept.reset_after, fresh.reset_after);
            }
            take(&quota, &mut cell, cost, now);
        }
    }

    /// However the readings jump, no more is granted than the latest one stands for.
    #[test]
    fn a_clock_that_goes_back_grants_no_more(
        quota in any_quota(), readings in proptest::collection::vec(0..10_000 * MILLI, 1..400),
    ) {
        let (mut cell, mut granted, mut latest) = (Cell::default(), 0_u128, 0);
        let window = quota.window().as_nanos();
        for now in readings {
            latest = latest.max(now);
            granted += u128::from(take(&quota, &mut cell, 1, now).allowed);
            let limit = u128::from(quota.limit());
            let most = match quota.burst() {
                Some(burst) => u128::from(burst) + limit * u128::from(latest) / window,
                None => limit * (u128::from(latest) / window + 1),
            };
            prop_assert!(granted <= most, "{} > {}", granted, most);
        }
    }

    #[test]
    fn a_refusal_stands_when_the_clock_goes_back(quota in any_quota(), back in 0..100_000 * MILLI) {
        let (mut cell, now) = (Cell::default(), 100_000 * MILLI);
        while take(&quota, &mut cell, 1, now).allowed {}
        prop_assert!(!quota.evaluate(&cell, 1, at(now - back)).allowed);
    }

    /// A cell that was written under another quota (a clash of tags) leads to no overflow and to
    /// no wait beyond that quota's own.
    #[test]
    fn a_misread_cell_does_no_harm(one in any_quota(), other in any_quota(), visits in visits()) {
        let (mut cell, mut now) = (Cell::default(), 0);
        for (place, (step, cost)) in visits.into_iter().enumerate() {
            now += step;
            take(if place % 2 == 0 { &one } else { &other }, &mut cell, cost, now);
        }
        let longest = [one, other].map(|quota| {
            quota.window() * 3 + quota.window() * u32::try_from(quota.capacity()).unwrap()
        });
        let rested = at(now).plus(longest[0] + longest[1]);
        prop_assert_eq!(one.evaluate(&cell, 0, rested).available, one.capacity());
    }
}
