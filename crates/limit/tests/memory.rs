//! Counters in memory: several quotas at once, bounds, hostile keys, threads.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mantlet_limit::{Counters, CountersError, Key, MAX_QUOTAS, MemoryCounters, Outcome, Quota};
use mantlet_types::Monotonic;

fn at_ms(ms: u64) -> Monotonic {
    Monotonic::from_origin(Duration::from_millis(ms))
}

fn quotas(texts: &[&str]) -> Vec<Quota> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn key(number: u64) -> Key {
    Key::of_number(1, number)
}

fn take(counters: &MemoryCounters, key: Key, quotas: &[Quota], cost: u32, ms: u64) -> Outcome {
    counters.take_now(&key, quotas, cost, at_ms(ms)).unwrap()
}

/// Takes until refused and says how many were allowed.
fn drain(counters: &MemoryCounters, key: Key, quotas: &[Quota], ms: u64) -> u64 {
    (0..).take_while(|_| take(counters, key, quotas, 1, ms).allowed).count().try_into().unwrap()
}

#[test]
fn a_refusal_by_one_quota_takes_from_none() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["3/s", "100/h", "50/d burst 50"]);
    for _ in 0..20 {
        take(&counters, key(1), &quotas, 1, 0);
    }
    // Only the three that were allowed count against the others: three of fifty.
    let later = take(&counters, key(1), &quotas, 0, 5_000);
    assert!(later.allowed);
    assert_eq!((later.quota, later.remaining), (0, 3));
    assert!((later.usage - 3.0 / 50.0).abs() < 0.001, "{later:?}");
}

#[test]
fn the_binding_quota_is_the_one_that_waits_longest_or_has_least_left() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["3/s", "5/h"]);
    let seen: Vec<_> = [0, 0, 0, 0, 3_000, 3_000, 3_000]
        .map(|ms| take(&counters, key(1), &quotas, 1, ms))
        .iter()
        .map(|outcome| (outcome.allowed, outcome.quota, outcome.remaining))
        .collect();
    let expected = [
        (true, 0, 2),
        (true, 0, 1),
        (true, 0, 0),
        (false, 0, 0),
        (true, 1, 1),
        (true, 1, 0),
        (false, 1, 0),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn waiting_retry_after_satisfies_every_quota() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["2/s", "5/10s", "10/min burst 7"]);
    let mut now = at_ms(3);
    for _ in 0..200 {
        let outcome = counters.take_now(&key(1), &quotas, 1, now).unwrap();
        if outcome.allowed {
            continue;
        }
        let early = now.plus(outcome.retry_after.saturating_sub(Duration::from_millis(1)));
        assert!(!counters.take_now(&key(1), &quotas, 1, early).unwrap().allowed);
        now = now.plus(outcome.retry_after);
        assert!(counters.take_now(&key(1), &quotas, 1, now).unwrap().allowed);
    }
}

#[test]
fn keys_do_not_touch_each_other() {
    let counters = MemoryCounters::new(10_000);
    let quotas = quotas(&["5/min"]);
    for number in 0..500 {
        assert_eq!(drain(&counters, key(number), &quotas, 0), 5);
    }
    assert_eq!((counters.len(), counters.evictions()), (500, 0));
}

#[test]
fn a_forgotten_key_starts_afresh_and_others_stay() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["5/min", "7/h"]);
    for number in 0..20 {
        assert_eq!(drain(&counters, key(number), &quotas, 0), 5);
    }
    for number in (0..20).step_by(2) {
        counters.forget(&key(number));
    }
    assert_eq!(counters.len(), 20);
    for number in 0..20 {
        let expected = if number % 2 == 0 { 5 } else { 0 };
        assert_eq!(drain(&counters, key(number), &quotas, 0), expected, "{number}");
    }
    (0..20).for_each(|number| counters.forget(&key(number)));
    assert!(counters.is_empty());
}

#[test]
fn peeking_takes_and_stores_nothing() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["1/min"]);
    for _ in 0..3 {
        assert!(take(&counters, key(1), &quotas, 0, 0).allowed);
    }
    assert!(counters.is_empty());
    assert!(take(&counters, key(1), &quotas, 1, 0).allowed);
    assert!(!take(&counters, key(1), &quotas, 0, 0).allowed);
}

#[test]
fn a_changed_quota_starts_afresh() {
    let counters = MemoryCounters::new(1_000);
    assert_eq!(drain(&counters, key(1), &quotas(&["5/min"]), 0), 5);
    assert_eq!(drain(&counters, key(1), &quotas(&["9/min"]), 0), 9);
    assert_eq!(counters.len(), 1);
}

#[test]
fn a_list_of_quotas_has_bounds() {
    let counters = MemoryCounters::new(0);
    let most = vec!["9/s".parse().unwrap(); MAX_QUOTAS];
    let more = vec!["9/s".parse().unwrap(); MAX_QUOTAS + 1];
    let cases: [(&[Quota], _); 3] = [
        (&[], Some(CountersError::NoQuota)),
        (&most, None),
        (&more, Some(CountersError::TooManyQuotas(9))),
    ];
    for (quotas, expected) in cases {
        let error = counters.take_now(&key(1), quotas, 1, at_ms(0)).err();
        assert_eq!(error, expected);
    }
    assert_eq!(counters.len(), 8);
}

#[test]
fn the_trait_answers_at_once() {
    let memory = MemoryCounters::new(1_000);
    let counters: &dyn Counters = &memory;
    let quotas = quotas(&["1/min"]);
    let mut context = Context::from_waker(Waker::noop());
    for (cost, allowed) in [(0, true), (1, true), (1, false), (0, false)] {
        let key = key(1);
        let mut taken = pin!(counters.take(&key, &quotas, cost, at_ms(0)));
        let Poll::Ready(Ok(outcome)) = taken.as_mut().poll(&mut context) else {
            panic!("memory never waits");
        };
        assert_eq!(outcome.allowed, allowed);
    }
}

#[test]
fn a_threshold_is_crossed_exactly_once_on_the_way_up() {
    for text in ["100/h", "100/h burst 100"] {
        let counters = MemoryCounters::new(1_000);
        let quotas = quotas(&[text, "1000/d"]);
        let crossings: Vec<_> =
            (1..=150).filter(|_| take(&counters, key(1), &quotas, 1, 0).crossed(0.8)).collect();
        assert_eq!(crossings.len(), 1, "{text}");
        assert!(take(&counters, key(2), &quotas, 80, 0).crossed(0.8), "{text}");
        assert!(!take(&counters, key(3), &quotas, 79, 0).crossed(0.8), "{text}");
        assert!(!take(&counters, key(4), &quotas, 101, 0).crossed(0.8), "{text}");
        // A rest, and the way up again.
        let rested = 48 * 3_600_000;
        assert!(take(&counters, key(1), &quotas, 90, rested).crossed(0.8), "{text}");
    }
}

#[test]
fn a_threshold_of_a_quota_that_does_not_bind_is_crossed_too() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["2/s", "10/h"]);
    let crossings: Vec<_> = (0..10)
        .filter(|number| take(&counters, key(1), &quotas, 1, number * 3_000).crossed(0.8))
        .collect();
    assert_eq!(crossings, [7]);
}

#[test]
fn whole_counters_make_room_without_eviction() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["5/s"]);
    for number in 0..50_000 {
        take(&counters, key(number), &quotas, 1, number * 10);
    }
    assert_eq!(counters.evictions(), 0);
    // Two seconds of 100 keys each live at a time; the rest is reused before the store grows.
    assert!(counters.len() < 1_000, "{}", counters.len());
}

#[test]
fn rotating_keys_does_not_flush_a_refused_key() {
    let counters = MemoryCounters::new(1_000);
    let strikes = quotas(&["10/15min"]);
    let refused: Vec<_> = (0..50).map(|number| Key::of_number(2, number)).collect();
    for strike in &refused {
        assert_eq!(drain(&counters, *strike, &strikes, 0), 10);
    }
    for number in 0..200_000 {
        take(&counters, key(number), &strikes, 1, 1);
        // Twice under the same key is no better than once.
        take(&counters, key(number), &strikes, 1, 1);
    }
    assert!(counters.evictions() > 190_000);
    for strike in &refused {
        assert!(!take(&counters, *strike, &strikes, 1, 2).allowed);
    }
}

#[test]
fn rotating_keys_does_not_flush_a_key_on_its_way_up() {
    let counters = MemoryCounters::new(1_000);
    let strikes = quotas(&["10/15min"]);
    let mine = Key::of_number(2, 1);
    let mut allowed = 0;
    for strike in 0..40_u64 {
        allowed += u64::from(take(&counters, mine, &strikes, 2, strike).allowed);
        for number in 0..5_000 {
            take(&counters, key(strike * 5_000 + number), &strikes, 1, strike);
        }
    }
    assert_eq!(allowed, 5);
}

#[test]
fn a_store_full_of_refused_keys_stays_bounded_and_serves() {
    let counters = MemoryCounters::new(1_000);
    let quotas = quotas(&["1/h"]);
    for number in 0..20_000 {
        assert!(take(&counters, key(number), &quotas, 1, 0).allowed);
        take(&counters, key(number), &quotas, 1, 0);
    }
    assert!(counters.len() <= 1_000);
}

#[test]
fn threads_take_exactly_the_limit_of_every_quota() {
    for text in ["5000/h", "5000/d burst 5000"] {
        let counters = MemoryCounters::new(1_000);
        let (quotas, allowed) = (quotas(&[text, "9000/d"]), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let outcome = take(&counters, key(1), &quotas, 1, 0);
                        allowed.fetch_add(u64::from(outcome.allowed), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(allowed.into_inner(), 5_000, "{text}");
    }
}
