use std::time::Duration;

use mantlet_event::{Events, Metrics};
use mantlet_limit::MemoryCounters;
use mantlet_testkit::{FakeBlocking, FakeClock, FakeCounters, SeededRng};

use super::*;
use crate::guards::FieldName;
use crate::guards::order::ORDER;
use crate::pipeline::sample::exchange;
use crate::pipeline::{Changes, Denial, Fail, Mode, Plan, PlannedGuard, Refusal, Runner, Verdict};

fn quotas(texts: &[&str]) -> Vec<QuotaSetting> {
    texts.iter().map(|text| QuotaSetting(text.parse().unwrap())).collect()
}

fn none() -> LimitSection {
    LimitSection { per_address: Vec::new(), ..LimitSection::default() }
}

/// A guard over these counters, and its clock.
fn guard_over(section: &LimitSection, counters: Arc<dyn Counters>) -> (Arc<dyn Guard>, FakeClock) {
    let clock = FakeClock::new();
    let blocking = FakeBlocking::new(clock.shared());
    let services =
        Services::new(clock.shared(), Arc::new(SeededRng::new(1)), counters, Arc::new(blocking));
    (build(section, &services), clock)
}

fn guard(section: &LimitSection) -> (Arc<dyn Guard>, FakeClock) {
    guard_over(section, Arc::new(MemoryCounters::new(10_000)))
}

/// A request of this address on this route, with this key in its header.
fn request(address: &str, route: &str, key: Option<&str>) -> Exchange {
    let mut exchange = exchange();
    exchange.client.address = address.parse().unwrap();
    exchange.route = route.into();
    if let Some(key) = key {
        exchange.headers.insert("x-api-key", key.parse().unwrap());
    }
    exchange
}

async fn ask(guard: &dyn Guard, exchange: &Exchange) -> Result<Verdict, GuardError> {
    match guard.inspect(exchange) {
        Inspection::Ready(verdict) => verdict,
        Inspection::Pending(verdict) => verdict.await,
    }
}

/// `None` when the request passes.
async fn denial(guard: &dyn Guard, exchange: &Exchange) -> Option<Denial> {
    match ask(guard, exchange).await.unwrap() {
        Verdict::Deny(denial) => Some(*denial),
        _ => None,
    }
}

fn header<'a>(denial: &'a Denial, name: &str) -> &'a str {
    let found = denial.headers.iter().find(|(known, _)| known == name);
    found.unwrap().1.to_str().unwrap()
}

#[tokio::test]
async fn ymera_d14_fields_name_every_quota_and_the_binding_one() {
    let section = LimitSection {
        per_address: quotas(&["60/min", "1000/h"]),
        per_network: quotas(&["2/min"]),
        ..none()
    };
    let (guard, _clock) = guard(&section);
    let me = request("192.0.2.1", "/x", None);
    for _ in 0..2 {
        assert!(denial(&*guard, &me).await.is_none());
    }
    let refused = denial(&*guard, &me).await.unwrap();
    assert_eq!(
        header(&refused, "ratelimit-policy"),
        "\"60/min\";q=60;w=60, \"1000/h\";q=1000;w=3600, \"network 2/min\";q=2;w=60"
    );
    assert_eq!(header(&refused, "ratelimit"), "\"network 2/min\";r=0;t=60");
    assert_eq!(header(&refused, "retry-after"), "60");
    assert_eq!(refused.kind, Some(problem::QUOTA_EXCEEDED));
    assert_eq!(refused.lists(), [("violated-policies", vec!["network 2/min".to_owned()])]);
}

#[test]
fn waiting_the_seconds_we_say_is_always_enough() {
    assert_eq!(fields::seconds_up(Duration::from_millis(1)), 1);
    assert_eq!(fields::seconds_up(Duration::from_millis(1_000)), 1);
    assert_eq!(fields::seconds_up(Duration::from_millis(1_001)), 2);
}

#[tokio::test]
async fn each_scope_counts_its_own_subject() {
    let header = Some(FieldName("x-api-key".parse().unwrap()));
    for (section, first, second, is_same) in [
        (
            LimitSection { per_address: quotas(&["1/h"]), ..none() },
            ("192.0.2.1", "/x", None),
            ("192.0.2.1", "/y", Some("k")),
            true,
        ),
        (
            LimitSection { per_address: quotas(&["1/h"]), ..none() },
            ("2001:db8:0:1::1", "/x", None),
            ("2001:db8:0:2::1", "/x", None),
            false,
        ),
        (
            LimitSection { per_network: quotas(&["1/h"]), ..none() },
            ("2001:db8:0:1::1", "/x", None),
            ("2001:db8:0:2::1", "/x", None),
            true,
        ),
        (
            LimitSection { per_network: quotas(&["1/h"]), network_v4: 32, ..none() },
            ("192.0.2.1", "/x", None),
            ("192.0.2.2", "/x", None),
            false,
        ),
        (
            LimitSection { per_network: quotas(&["1/h"]), network_v6: 64, ..none() },
            ("2001:db8:0:1::1", "/x", None),
            ("2001:db8:0:2::1", "/x", None),
            false,
        ),
        (
            LimitSection { per_route: quotas(&["1/h"]), ..none() },
            ("192.0.2.1", "/x", None),
            ("203.0.113.1", "/x", None),
            true,
        ),
        (
            LimitSection { per_route: quotas(&["1/h"]), ..none() },
            ("192.0.2.1", "/x", None),
            ("192.0.2.1", "/y", None),
            false,
        ),
        (
            LimitSection { per_header: quotas(&["1/h"]), header: header.clone(), ..none() },
            ("192.0.2.1", "/x", Some("k")),
            ("203.0.113.1", "/y", Some("k")),
            true,
        ),
        (
            LimitSection { per_header: quotas(&["1/h"]), header: header.clone(), ..none() },
            ("192.0.2.1", "/x", Some("k")),
            ("192.0.2.1", "/x", Some("l")),
            false,
        ),
        (
            LimitSection { per_header: quotas(&["1/h"]), header, ..none() },
            ("192.0.2.1", "/x", None),
            ("192.0.2.1", "/x", None),
            false,
        ),
    ] {
        let (guard, _clock) = guard(&section);
        let [first, second] = [first, second].map(|(one, two, three)| request(one, two, three));
        assert!(denial(&*guard, &first).await.is_none(), "{section:?}");
        assert_eq!(denial(&*guard, &second).await.is_some(), is_same, "{section:?}");
    }
}

#[tokio::test]
async fn values_of_a_header_reach_the_counters_as_hashes() {
    let counters = Arc::new(FakeCounters::new());
    let header = Some(FieldName("x-api-key".parse().unwrap()));
    let section = LimitSection { per_header: quotas(&["1/h"]), header, ..none() };
    let (guard, _clock) = guard_over(&section, Arc::clone(&counters) as Arc<dyn Counters>);
    let _ = ask(&*guard, &request("192.0.2.1", "/x", Some("sk_secret"))).await;
    let take = &counters.takes()[0];
    assert!(!take.key.windows(3).any(|part| part == b"sk_"), "{take:?}");
}

#[tokio::test]
async fn sci_42_what_one_scope_refuses_costs_the_others_nothing() {
    let section =
        LimitSection { per_address: quotas(&["5/h"]), per_route: quotas(&["2/min"]), ..none() };
    let (guard, clock) = guard(&section);
    let me = request("192.0.2.1", "/x", None);
    for _ in 0..2 {
        assert!(denial(&*guard, &me).await.is_none());
    }
    for _ in 0..20 {
        let refused = denial(&*guard, &me).await.unwrap();
        assert_eq!((refused.reason.code, refused.reason.status), ("route-busy", 503));
        assert_eq!(refused.kind, Some(problem::REDUCED_CAPACITY));
    }
    clock.advance(Duration::from_secs(120));
    assert!(denial(&*guard, &me).await.is_none(), "three of the address's five are left");
}

#[tokio::test]
async fn ymera_15_a_request_takes_what_it_costs() {
    let section = LimitSection { per_address: quotas(&["10/s burst 100"]), cost: 40, ..none() };
    let (guard, clock) = guard(&section);
    let me = request("192.0.2.1", "/x", None);
    assert!(denial(&*guard, &me).await.is_none());
    assert!(denial(&*guard, &me).await.is_none());
    let refused = denial(&*guard, &me).await.unwrap();
    assert_eq!(header(&refused, "retry-after"), "2");
    clock.advance(Duration::from_secs(2));
    assert!(denial(&*guard, &me).await.is_none());
}

/// How many warnings these requests, so many milliseconds apart, lead to.
async fn warnings(counters: Arc<dyn Counters>, quota: &str, count: usize, apart_ms: u64) -> usize {
    let section = LimitSection { per_address: quotas(&[quota]), ..none() };
    let (guard, clock) = guard_over(&section, counters);
    let me = request("192.0.2.1", "/x", None);
    let mut warned = 0;
    for _ in 0..count {
        if let Verdict::PassWith(changes) = ask(&*guard, &me).await.unwrap() {
            warned += changes.notes.len();
        }
        clock.advance(Duration::from_millis(apart_ms));
    }
    warned
}

#[tokio::test]
async fn samo_36_four_fifths_are_told_once_in_a_window() {
    let memory = || Arc::new(MemoryCounters::new(1_000));
    assert_eq!(warnings(memory(), "100/h", 79, 0).await, 0);
    assert_eq!(warnings(memory(), "100/h", 80, 0).await, 1);
    assert_eq!(warnings(memory(), "100/h", 500, 0).await, 1);
    // A bucket that hovers around the mark for a minute: refilled in ten seconds, so told as often.
    let hovering = warnings(memory(), "10/s burst 100", 1_000, 60).await;
    assert!((1..=7).contains(&hovering), "{hovering}");
}

#[tokio::test]
async fn a_place_is_held_until_the_answer_is_out() {
    let section = LimitSection {
        per_address: quotas(&["5/h"]),
        concurrent_per_address: Some(2),
        concurrent_per_route: Some(3),
        ..none()
    };
    let (guard, _clock) = guard(&section);
    let me = request("192.0.2.1", "/x", None);
    let mut held: Vec<Box<Changes>> = Vec::new();
    for _ in 0..2 {
        let Verdict::PassWith(changes) = ask(&*guard, &me).await.unwrap() else { panic!() };
        held.push(changes);
    }
    for _ in 0..9 {
        let refused = denial(&*guard, &me).await.unwrap();
        assert_eq!(refused.reason.code, "too-many-at-once");
        assert_eq!(
            header(&refused, "ratelimit-policy"),
            "\"concurrent 2\";q=2;qu=\"concurrent-requests\""
        );
    }
    let other = request("192.0.2.2", "/x", None);
    let Verdict::PassWith(third) = ask(&*guard, &other).await.unwrap() else { panic!() };
    let refused = denial(&*guard, &request("192.0.2.3", "/x", None)).await.unwrap();
    assert_eq!(refused.reason.code, "route-busy");
    assert!(denial(&*guard, &request("192.0.2.3", "/y", None)).await.is_none());
    drop(third);
    held.clear();
    // What was refused at the door took nothing: three of five are left, and a refusal by rate gives
    // its place back.
    for _ in 0..3 {
        assert!(denial(&*guard, &me).await.is_none());
    }
    for _ in 0..9 {
        assert_eq!(denial(&*guard, &me).await.unwrap().reason.code, "rate-limited");
    }
    assert!(denial(&*guard, &request("192.0.2.2", "/x", None)).await.is_none());
}

/// What becomes of a request when the counters are a store far away that fails.
async fn with_failing_store(mode: Mode, fail: Fail, section: &LimitSection) -> Result<(), Refusal> {
    let counters = FakeCounters::scripted([Err(FakeCounters::unavailable())]).remote();
    let (guard, clock) = guard_over(section, Arc::new(counters));
    let (metrics, events) = (Metrics::new(), Events::builder(clock.shared()).build());
    let spec = &ORDER.iter().find(|slot| slot.spec.name == "limit").unwrap().spec;
    let planned = PlannedGuard::new(spec, guard, mode, fail).into_iter().collect();
    let plan = Plan::new("/x".into(), metrics.route("/x"), Duration::from_secs(5), planned);
    let mut me = request("192.0.2.1", "/x", None);
    Runner::new(events, metrics).inspect(&plan, &mut me).await
}

#[tokio::test]
async fn a_store_that_fails_is_under_the_fail_mode() {
    let one = LimitSection { per_address: quotas(&["1/h"]), ..none() };
    let two = LimitSection { per_route: quotas(&["1/h"]), ..one.clone() };
    for section in [one, two] {
        for (mode, fail, passes) in [
            (Mode::Enforce, Fail::Open, true),
            (Mode::Enforce, Fail::Closed, false),
            (Mode::Observe, Fail::Closed, true),
        ] {
            let outcome = with_failing_store(mode, fail, &section).await;
            assert_eq!(outcome.is_ok(), passes, "{mode:?} {fail:?}");
        }
    }
}

#[tokio::test]
async fn a_store_far_away_refuses_and_warns_like_one_in_memory() {
    let near = Outcome { usage_before: 0.79, usage: 0.8, ..FakeCounters::allowed(20) };
    let refused = FakeCounters::refused(Duration::from_secs(7));
    let script = [Ok(near), Ok(FakeCounters::allowed(0)), Ok(refused)];
    let counters = FakeCounters::scripted(script).remote();
    let section = LimitSection { per_address: quotas(&["100/h"]), ..none() };
    let (guard, _clock) = guard_over(&section, Arc::new(counters));
    let me = request("192.0.2.1", "/x", None);
    let Verdict::PassWith(changes) = ask(&*guard, &me).await.unwrap() else { panic!() };
    assert_eq!(changes.notes.len(), 1);
    let refused = denial(&*guard, &me).await.unwrap();
    assert_eq!(header(&refused, "retry-after"), "7");
}
