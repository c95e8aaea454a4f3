//! Several keys asked at once.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mantlet_limit::{Ask, CountersError, Key, MemoryCounters, Quota};
use mantlet_types::Monotonic;
use proptest::prelude::*;

const START: Monotonic = Monotonic::from_origin(Duration::from_secs(1_000));

fn quotas(texts: &[&str]) -> Vec<Quota> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn left(counters: &MemoryCounters, ask: &Ask<'_>) -> u64 {
    let outcome = counters.take_now(&ask.key, ask.quotas, 0, START).unwrap();
    outcome.remaining
}

#[test]
fn sci_42_what_one_key_refuses_costs_the_others_nothing() {
    let counters = MemoryCounters::new(10_000);
    let (address, network) = (quotas(&["3/min", "100/h"]), quotas(&["5/min"]));
    let asks = [
        Ask { key: Key::of_number(1, 1), quotas: &address },
        Ask { key: Key::of_number(2, 1), quotas: &network },
    ];
    for _ in 0..3 {
        assert!(counters.take_all_now(&asks, 1, START).unwrap().allowed);
    }
    for _ in 0..9 {
        let refused = counters.take_all_now(&asks, 1, START).unwrap();
        assert!(!refused.allowed);
        assert_eq!((refused.ask, refused.quota), (0, 0), "the address's minute binds");
    }
    assert_eq!(left(&counters, &asks[1]), 2, "the network paid for what passed alone");
    let other = [Ask { key: Key::of_number(1, 2), quotas: &address }, asks[1]];
    for _ in 0..2 {
        assert!(counters.take_all_now(&other, 1, START).unwrap().allowed);
    }
    let refused = counters.take_all_now(&other, 1, START).unwrap();
    assert_eq!((refused.allowed, refused.ask, refused.quota), (false, 1, 0));
    assert_eq!(left(&counters, &other[0]), 1);
}

#[test]
fn ymera_d15_threads_that_ask_for_two_keys_crosswise_take_exactly_the_limit() {
    let counters = MemoryCounters::new(10_000);
    let (first, second) = (quotas(&["400/h"]), quotas(&["900/h", "700/h burst 700"]));
    let granted = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for number in 0..8_u64 {
            let (counters, granted) = (&counters, &granted);
            let one = Ask { key: Key::of_number(1, number % 2), quotas: &first };
            let both = Ask { key: Key::of_number(2, 0), quotas: &second };
            scope.spawn(move || {
                // In both orders: takes that lock crosswise would wait for each other.
                let asks = if number % 4 < 2 { [one, both] } else { [both, one] };
                for _ in 0..500 {
                    let outcome = counters.take_all_now(&asks, 1, START).unwrap();
                    granted.fetch_add(u64::from(outcome.allowed), Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(granted.into_inner(), 700);
}

#[test]
fn no_ask_and_no_quota_are_errors() {
    let counters = MemoryCounters::new(100);
    let none: [Quota; 0] = [];
    let some = quotas(&["1/s"]);
    let many = vec![some[0]; 9];
    let key = Key::of_policy(1);
    let with = |quotas| Ask { key, quotas };
    assert_eq!(counters.take_all_now(&[], 1, START), Err(CountersError::NoQuota));
    let asks = [with(&some[..]), with(&none[..])];
    assert_eq!(counters.take_all_now(&asks, 1, START), Err(CountersError::NoQuota));
    let asks = [with(&some[..]), with(&many[..])];
    assert_eq!(counters.take_all_now(&asks, 1, START), Err(CountersError::TooManyQuotas(9)));
    assert!(counters.is_empty());
}

#[test]
fn evictions_are_reported_one_by_one() {
    let reported = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&reported);
    let counters = MemoryCounters::new(100).on_eviction(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let quotas = quotas(&["100/h"]);
    for number in 0..1_000 {
        let key = Key::of_number(1, number);
        counters.take_now(&key, &quotas, 1, START).unwrap();
        let asks = [Ask { key, quotas: &quotas }, Ask { key: Key::of_policy(2), quotas: &quotas }];
        counters.take_all_now(&asks, 1, START).unwrap();
    }
    assert!(reported.load(Ordering::Relaxed) >= 800);
    assert_eq!(reported.load(Ordering::Relaxed), counters.evictions());
}

/// An attacker with a /48 sends from every /64 of it, while one of its addresses floods: neither
/// does memory grow, nor is what the flooding one has used up forgotten; and the network as a whole
/// is held by its own count.
#[test]
fn etsm_d18_a_whole_network_of_addresses_frees_no_heavy_offender() {
    let counters = MemoryCounters::new(4_000);
    let (address, network) = (quotas(&["50/h"]), quotas(&["60000/h"]));
    let of = |number: u64| {
        let ip = std::net::Ipv6Addr::from(0x2001_0db8_0001_u128 << 80 | u128::from(number) << 64);
        [
            Ask { key: Key::of_address(1, ip.into()), quotas: &address },
            Ask { key: Key::of_network(2, ip.into(), 24, 48), quotas: &network },
        ]
    };
    let offender = of(0xffff);
    while counters.take_all_now(&offender, 1, START).unwrap().allowed {}
    let mut allowed = 50;
    for number in 0..0xffff {
        allowed += u64::from(counters.take_all_now(&of(number), 1, START).unwrap().allowed);
        if number % 1_000 == 0 {
            assert!(!counters.take_all_now(&offender, 1, START).unwrap().allowed, "{number}");
        }
    }
    assert!(counters.len() <= 4_000, "{}", counters.len());
    assert!(!counters.take_all_now(&offender, 1, START).unwrap().allowed);
    assert_eq!(allowed, 60_000, "the network's own count");
}

proptest! {
    /// Whatever is asked together is what asking one after another would come to, when none refuses;
    /// when one refuses, nothing changes.
    #[test]
    fn all_or_none(costs in proptest::collection::vec(0_u32..8, 1..60)) {
        let counters = MemoryCounters::new(10_000);
        let lists = [quotas(&["20/min"]), quotas(&["30/min burst 12", "40/h"]), quotas(&["25/s"])];
        let asks: Vec<Ask<'_>> = lists
            .iter()
            .zip(0..)
            .map(|(quotas, number)| Ask { key: Key::of_number(1, number), quotas })
            .collect();
        for cost in costs {
            let before: Vec<u64> = asks.iter().map(|ask| left(&counters, ask)).collect();
            let outcome = counters.take_all_now(&asks, cost, START).unwrap();
            let taken = if outcome.allowed { u64::from(cost) } else { 0 };
            let after: Vec<u64> = asks.iter().map(|ask| left(&counters, ask)).collect();
            let expected: Vec<u64> = before.iter().map(|left| left - taken).collect();
            prop_assert_eq!(after, expected);
            prop_assert_eq!(outcome.allowed, before.iter().all(|left| *left >= u64::from(cost.max(1))));
        }
    }
}
