//! The defects of hand-written limiters that this crate replaces, one test each.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mantlet_limit::{Counters, Key, MemoryCounters, Quota};
use mantlet_types::{Clock, Monotonic, SystemClock};

const START: Monotonic = Monotonic::from_origin(Duration::from_secs(1_000));

fn quota(text: &str) -> [Quota; 1] {
    [text.parse().unwrap()]
}

fn address(number: u32) -> Key {
    Key::of_address(1, std::net::Ipv4Addr::from_bits(number).into())
}

fn allowed(counters: &MemoryCounters, quotas: &[Quota], cost: u32, now: Monotonic) -> bool {
    let outcome = counters.take_now(&address(1), quotas, cost, now);
    outcome.unwrap().allowed
}

/// Ten million takes' worth of hostile keys, scaled down to what a test may last.
#[test]
fn etsm_d18_memory_is_bounded_under_hostile_keys() {
    let counters = MemoryCounters::new(2_000);
    let quotas = quota("100/h");
    for number in 0..300_000 {
        counters.take_now(&address(number), &quotas, 1, START).unwrap();
    }
    assert!(counters.len() <= 2_000);
    assert!(counters.len() > 1_900);
    assert_eq!(counters.evictions(), 300_000 - u64::try_from(counters.len()).unwrap());
}

/// A take costs the same after many takes under the same key as after few: nothing is listed.
#[test]
fn etsm_d18_a_take_costs_the_same_however_many_came_before() {
    let (counters, clock) = (MemoryCounters::new(1_000), SystemClock::new());
    let quotas = quota("1000000/h");
    let round = || {
        let start = clock.monotonic();
        for _ in 0..20_000 {
            allowed(&counters, &quotas, 1, START);
        }
        clock.monotonic().since(start)
    };
    let early = (0..3).map(|_| round()).min().unwrap();
    let late = (0..12).map(|_| round()).min().unwrap();
    // Rebuilding a list would be far beyond ten times.
    assert!(late < early * 10, "{early:?} {late:?}");
    assert_eq!(counters.len(), 1);
}

#[test]
fn etsm_d18_a_clock_that_goes_back_gives_nothing_back() {
    for text in ["5/min", "5/min burst 5"] {
        let (counters, quotas) = (MemoryCounters::new(1_000), quota(text));
        assert!(allowed(&counters, &quotas, 5, START));
        for back_secs in [0, 1, 59, 61, 999] {
            let now = Monotonic::from_origin(Duration::from_secs(1_000 - back_secs));
            assert!(!allowed(&counters, &quotas, 1, now), "{text} {back_secs}");
        }
    }
}

#[test]
fn etsm_d18_checking_and_counting_are_one_step() {
    let (counters, quotas) = (MemoryCounters::new(1_000), quota("100/h"));
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let one = allowed(&counters, &quotas, 1, START);
                    granted.fetch_add(u64::from(one), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 100);
}

#[test]
fn etsm_d18_a_refusal_says_when_to_come_back() {
    for text in ["100/h", "100/h burst 100"] {
        let (counters, quotas) = (MemoryCounters::new(1_000), quota(text));
        assert!(allowed(&counters, &quotas, 100, START));
        let outcome = counters.take_now(&address(1), &quotas, 1, START).unwrap();
        assert!(!outcome.allowed && !outcome.too_large);
        let then = START.plus(outcome.retry_after);
        let early = START.plus(outcome.retry_after.saturating_sub(Duration::from_millis(1)));
        assert!(!allowed(&counters, &quotas, 1, early), "{text}");
        assert!(allowed(&counters, &quotas, 1, then), "{text}");
    }
}

/// A bucket of its own for each key, and what one takes another still has.
#[test]
fn ymera_d15_each_key_has_its_own_bucket() {
    let (counters, quotas) = (MemoryCounters::new(1_000), quota("10/s burst 100"));
    for number in 0..3 {
        let full = counters.take_now(&address(number), &quotas, 100, START);
        assert!(full.unwrap().allowed, "{number}");
    }
}

/// Costs are unsigned by type, and the one that takes nothing gives nothing either.
#[test]
fn ymera_d15_no_cost_adds_tokens() {
    let (counters, quotas) = (MemoryCounters::new(1_000), quota("10/s burst 100"));
    assert!(allowed(&counters, &quotas, 100, START));
    for cost in [0, 1, u32::MAX, i32::MIN.cast_unsigned(), (-1_i32).cast_unsigned()] {
        assert!(!allowed(&counters, &quotas, cost, START), "{cost}");
    }
    let later = START.plus(Duration::from_millis(100));
    assert!(allowed(&counters, &quotas, 1, later));
    assert!(!allowed(&counters, &quotas, 1, later));
}

#[test]
fn ymera_d15_threads_share_one_bucket_without_a_race() {
    let (counters, quotas) = (MemoryCounters::new(1_000), quota("10/s burst 100"));
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for step in 0..1_000 {
                    // One second passes in all: ten tokens more.
                    let now = START.plus(Duration::from_millis(step));
                    let one = allowed(&counters, &quotas, 1, now);
                    granted.fetch_add(u64::from(one), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(granted.into_inner() <= 109);
}

#[test]
fn elite_d18_what_was_counted_can_be_pardoned() {
    let (counters, quotas) = (MemoryCounters::new(1_000), quota("3/h"));
    assert!(allowed(&counters, &quotas, 3, START));
    assert!(!allowed(&counters, &quotas, 1, START));
    Counters::forget(&counters, &address(1));
    assert!(allowed(&counters, &quotas, 1, START));
}
