use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use mantlet_config::Cidr;
use mantlet_event::{Metrics, Value, field, reasons};
use mantlet_limit::MemoryCounters;
use mantlet_testkit::{CapturedEvents, FakeBlocking, FakeClock, FakeRevocation};
use mantlet_types::{Block, BlockError, Blocking, Reason};

use super::*;
use crate::guards::limit::QuotaSetting;
use crate::pipeline::Mode;
use crate::pipeline::sample::exchange;

const SCAN: Option<&Reason> = Some(&reasons::ROUTE_DENIED);
const MINUTE: Duration = Duration::from_secs(60);

struct Bench {
    rules: PenaltyRules,
    ledger: Arc<Ledger>,
    queue: PenaltyQueue,
    enforcer: Arc<Enforcer>,
    clock: FakeClock,
    blocking: Arc<FakeBlocking>,
    revocation: Arc<FakeRevocation>,
    captured: CapturedEvents,
    metrics: Metrics,
}

fn quotas(texts: &[&str]) -> Vec<QuotaSetting> {
    texts.iter().map(|text| QuotaSetting(text.parse().unwrap())).collect()
}

fn enforcing() -> PenaltySection {
    PenaltySection { mode: Mode::Enforce, ..PenaltySection::default() }
}

fn bench(section: &PenaltySection, spared: &[&str], blocks: Vec<Block>) -> Bench {
    let clock = FakeClock::new();
    let (events, captured) = CapturedEvents::wired(clock.shared());
    let blocking = Arc::new(FakeBlocking::new(clock.shared()));
    blocks.into_iter().for_each(|block| blocking.block(block).unwrap());
    let revocation = Arc::new(FakeRevocation::default());
    let (counters, metrics) = (Arc::new(MemoryCounters::new(2_000)), Metrics::new());
    let (ledger, queue) = Ledger::new(clock.shared(), counters, metrics.clone());
    let enforcer = Enforcer::new(
        Arc::clone(&ledger),
        clock.shared(),
        Arc::clone(&blocking) as Arc<dyn Blocking>,
        Arc::clone(&revocation) as Arc<dyn mantlet_types::Revocation>,
        events,
    );
    let spared = spared.iter().map(|text| text.parse::<Cidr>().unwrap());
    let rules = PenaltyRules::new(section, spared);
    Bench { rules, ledger, queue, enforcer, clock, blocking, revocation, captured, metrics }
}

impl Bench {
    /// So many requests of this address with this end; what follows from each is carried out.
    async fn note(&mut self, address: &str, refused: Option<&'static Reason>, count: usize) {
        let mut exchange = exchange();
        exchange.client.address = address.parse().unwrap();
        for _ in 0..count {
            self.ledger.note(&self.rules, &exchange, refused).await;
            while let Ok(sentence) = self.queue.0.try_recv() {
                self.enforcer.carry_out(&sentence);
            }
        }
    }

    fn pass(&self, time: Duration) {
        self.clock.advance(time);
        self.enforcer.end_due();
    }

    /// What is blocked now.
    fn blocked(&self) -> Vec<String> {
        let mut networks: Vec<_> =
            self.blocking.list().iter().map(|block| block.network.to_string()).collect();
        networks.sort();
        networks
    }

    /// Every event so far: its name, its network, and what it says in this field.
    fn told(&self, field: &str) -> Vec<String> {
        let said = |event: &mantlet_event::Event, name: &str| match event.lookup(name) {
            Some(Value::Text(text)) => text.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            _ => "-".to_owned(),
        };
        let records = self.captured.records();
        let line = |event: &mantlet_event::Event| {
            format!("{} {} {}", event.entry().name, said(event, field::NETWORK), said(event, field))
        };
        records.iter().map(|record| line(record.event())).collect()
    }
}

#[tokio::test]
async fn samo_41_the_tenth_strike_blocks_and_each_block_is_longer() {
    let mut bench = bench(&enforcing(), &[], Vec::new());
    for (step, minutes) in [1, 5, 60, 60].into_iter().enumerate() {
        bench.note("192.0.2.7", SCAN, 9).await;
        assert_eq!(bench.blocked(), [""; 0], "nine are borne, step {step}");
        bench.note("192.0.2.7", SCAN, 1).await;
        assert_eq!(bench.blocked(), ["192.0.2.7/32"], "step {step}");
        bench.note("192.0.2.7", SCAN, 50).await;
        let last = MINUTE * minutes - Duration::from_secs(1);
        bench.pass(last);
        assert_eq!(bench.blocked(), ["192.0.2.7/32"], "step {step}");
        bench.pass(Duration::from_secs(1));
        assert_eq!(bench.blocked(), [""; 0], "step {step}");
    }
    let told = bench.told(field::COUNT);
    let started = |step| format!("penalty.block.started 192.0.2.7/32 {step}");
    let ended = || "penalty.block.ended 192.0.2.7/32 -".to_owned();
    let expected: Vec<_> = (1..=4).flat_map(|step| [started(step), ended()]).collect();
    assert_eq!(told, expected);
    assert_eq!(bench.revocation.subjects().len(), 4, "open WebSockets end with each block");
    // A day without another, and the next one is a first one.
    bench.pass(MINUTE * 60 * 49);
    bench.note("192.0.2.7", SCAN, 10).await;
    assert_eq!(bench.told(field::COUNT).pop(), Some(started(1)));
}

#[tokio::test]
async fn strikes_are_forgotten_with_time() {
    let mut bench = bench(&enforcing(), &[], Vec::new());
    for _ in 0..20 {
        bench.note("192.0.2.7", SCAN, 9).await;
        bench.pass(MINUTE * 31);
    }
    assert_eq!(bench.blocked(), [""; 0]);
}

#[tokio::test]
async fn what_no_client_does_by_accident_weighs_more() {
    for (reason, needed) in [
        (&reasons::AMBIGUOUS_FRAMING, Some(2)),
        (&reasons::MALFORMED_REQUEST, Some(5)),
        (&reasons::ROUTE_DENIED, Some(10)),
        (&reasons::RATE_LIMITED, Some(10)),
        // A page of others made the browser do that.
        (&reasons::CROSS_SITE_REQUEST, None),
        (&reasons::UPSTREAM_UNREACHABLE, None),
        (&reasons::ADDRESS_BLOCKED, None),
    ] {
        let mut bench = bench(&enforcing(), &[], Vec::new());
        let Some(needed) = needed else {
            bench.note("192.0.2.7", Some(reason), 100).await;
            assert_eq!(bench.blocked(), [""; 0], "{}", reason.code);
            continue;
        };
        bench.note("192.0.2.7", Some(reason), needed - 1).await;
        assert_eq!(bench.blocked(), [""; 0], "{}", reason.code);
        bench.note("192.0.2.7", Some(reason), 1).await;
        assert_eq!(bench.blocked(), ["192.0.2.7/32"], "{}", reason.code);
        let why = &bench.blocking.list()[0].why;
        assert_eq!(*why, format!("penalty: {}, no. 1", reason.code));
    }
}

#[tokio::test]
async fn etsm_d19_a_measured_rate_leads_to_strikes() {
    let section = PenaltySection { rates: quotas(&["50/min"]), ..enforcing() };
    let mut bench = bench(&section, &[], Vec::new());
    bench.note("192.0.2.7", None, 59).await;
    bench.note("192.0.2.8", None, 50).await;
    assert_eq!(bench.blocked(), [""; 0], "fifty are free, nine are borne");
    bench.note("192.0.2.7", None, 1).await;
    assert_eq!(bench.blocked(), ["192.0.2.7/32"]);
    assert_eq!(bench.told(field::EVIDENCE), ["penalty.block.started 192.0.2.7/32 rate"]);
}

#[tokio::test]
async fn whoever_is_spared_is_never_blocked() {
    let section = PenaltySection {
        network_strikes: quotas(&["20/15min"]),
        spare: vec!["2001:db8::/32".parse().unwrap()],
        ..enforcing()
    };
    let mut bench = bench(&section, &["192.0.2.7", "10.0.0.0/8"], Vec::new());
    for address in ["192.0.2.7", "10.1.2.3", "2001:db8:1::1"] {
        bench.note(address, SCAN, 100).await;
    }
    assert_eq!(bench.blocked(), [""; 0]);
    bench.note("192.0.2.8", SCAN, 100).await;
    assert_eq!(
        bench.blocked(),
        ["192.0.2.8/32"],
        "not its network, which holds one that is spared"
    );
}

#[tokio::test]
async fn observing_tells_and_blocks_nobody() {
    let section = PenaltySection::default();
    let mut bench = bench(&section, &[], Vec::new());
    bench.note("192.0.2.7", SCAN, 200).await;
    assert_eq!(bench.blocked(), [""; 0]);
    assert_eq!(bench.told(field::MODE), ["penalty.block.started 192.0.2.7/32 observe"]);
    bench.pass(MINUTE);
    assert_eq!(
        bench.told(field::OUTCOME).pop().unwrap(),
        "penalty.block.ended 192.0.2.7/32 expired"
    );
}

#[tokio::test]
async fn etsm_d18_a_flood_of_other_addresses_makes_no_offender_forgotten() {
    let mut bench = bench(&enforcing(), &[], Vec::new());
    bench.note("192.0.2.7", SCAN, 9).await;
    for number in 0..20_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number);
        bench.note(&address.to_string(), SCAN, 1).await;
    }
    bench.note("192.0.2.7", SCAN, 1).await;
    assert_eq!(bench.blocked(), ["192.0.2.7/32"]);
}

#[tokio::test]
async fn a_network_has_strikes_of_its_own_where_that_is_asked_for() {
    let section = PenaltySection { network_strikes: quotas(&["30/15min"]), ..enforcing() };
    for (base, network) in [("192.0.2.", "192.0.2.0/24"), ("2001:db8:1:", "2001:db8:1::/48")] {
        let mut bench = bench(&section, &[], Vec::new());
        for number in 1..=30 {
            let tail = if base.contains(':') {
                format!("{base}{number}::1")
            } else {
                format!("{base}{number}")
            };
            assert_eq!(bench.blocked(), [""; 0], "{tail}");
            bench.note(&tail, SCAN, 1).await;
        }
        assert_eq!(bench.blocked(), [network]);
    }
    let mut bench = bench(&enforcing(), &[], Vec::new());
    bench.note("2001:db8:1:2::1", SCAN, 5).await;
    bench.note("2001:db8:1:2:ffff::1", SCAN, 5).await;
    assert_eq!(bench.blocked(), ["2001:db8:1:2::/64"]);
}

#[tokio::test]
async fn a_block_that_cannot_be_set_is_told_and_tried_again() {
    let mut bench = bench(&enforcing(), &[], Vec::new());
    bench.blocking.fail_with(Some(BlockError::Full(1)));
    bench.note("192.0.2.7", SCAN, 10).await;
    let told = bench.told(field::ERROR);
    assert_eq!(told, ["penalty.block.failed 192.0.2.7/32 the block list is full (1 entries)"]);
    bench.blocking.fail_with(None);
    bench.note("192.0.2.7", SCAN, 10).await;
    assert_eq!(bench.blocked(), ["192.0.2.7/32"]);
}

#[tokio::test]
async fn an_operators_word_stands() {
    let forever = Block {
        network: "192.0.2.7/32".parse::<IpNet>().unwrap(),
        until: None,
        why: "operator".into(),
    };
    let mut held = bench(&enforcing(), &[], vec![forever.clone()]);
    held.note("192.0.2.7", SCAN, 10).await;
    assert_eq!(held.blocking.list(), std::slice::from_ref(&forever), "a longer block stays");
    let mut lifted = bench(&enforcing(), &[], Vec::new());
    lifted.note("192.0.2.7", SCAN, 10).await;
    assert!(lifted.blocking.unblock(forever.network).unwrap());
    lifted.pass(Duration::from_secs(1));
    assert_eq!(
        lifted.told(field::OUTCOME).pop().unwrap(),
        "penalty.block.ended 192.0.2.7/32 lifted"
    );
    lifted.note("192.0.2.7", SCAN, 9).await;
    assert_eq!(lifted.blocked(), [""; 0], "it begins anew");
}

#[tokio::test]
async fn a_penalty_goes_on_after_a_restart_and_its_end_is_told() {
    let clock = FakeClock::new();
    let until = Some(clock.shared().now() + MINUTE);
    let network = "192.0.2.7/32".parse().unwrap();
    let why = "penalty: route-denied, no. 1".to_owned();
    let mut bench = bench(&enforcing(), &[], vec![Block { network, until, why }]);
    bench.note("192.0.2.7", SCAN, 50).await;
    assert_eq!(bench.told(field::MODE), [""; 0], "it runs already");
    bench.pass(MINUTE);
    assert_eq!(bench.told(field::OUTCOME), ["penalty.block.ended 192.0.2.7/32 expired"]);
}

#[tokio::test]
async fn when_more_wait_than_can_be_carried_out_that_is_counted() {
    let bench = bench(&enforcing(), &[], Vec::new());
    let mut exchange = exchange();
    let offence = Some(&reasons::AMBIGUOUS_FRAMING);
    for number in 0..1_030_u32 {
        exchange.client.address = std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into();
        for _ in 0..2 {
            bench.ledger.note(&bench.rules, &exchange, offence).await;
        }
    }
    assert_eq!(bench.ledger.running().len(), 1_024);
    assert!(
        bench.metrics.render().contains("mantlet_limit_reached_total{limit=\"penalty.queue\"} 6")
    );
}

#[tokio::test]
async fn what_a_refusal_weighs_is_a_setting() {
    let offences = vec![OffenceSection { reason: ReasonCode(&reasons::ROUTE_DENIED), weight: 5 }];
    let mut bench = bench(&PenaltySection { offences, ..enforcing() }, &[], Vec::new());
    bench.note("192.0.2.7", SCAN, 1).await;
    assert_eq!(bench.blocked(), [""; 0]);
    bench.note("192.0.2.7", SCAN, 1).await;
    assert_eq!(bench.blocked(), ["192.0.2.7/32"], "two of five are ten strikes");
    bench.note("192.0.2.8", Some(&reasons::RATE_LIMITED), 30).await;
    assert_eq!(bench.blocked(), ["192.0.2.7/32"], "what is not listed weighs nothing");
}

#[tokio::test]
async fn how_large_the_network_of_an_address_is_is_a_setting() {
    for (bits, expected) in [(56, "2001:db8:1::/56"), (48, "2001:db8:1::/48")] {
        let network_strikes = quotas(&["20/15min"]);
        let section = PenaltySection { network_strikes, network_v6: bits, ..enforcing() };
        let mut bench = bench(&section, &[], Vec::new());
        for host in 0..20 {
            bench.note(&format!("2001:db8:1:{host:x}::1"), SCAN, 1).await;
        }
        assert_eq!(bench.blocked(), [expected], "twenty strikes, each by another address");
    }
}
