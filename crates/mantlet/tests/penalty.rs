//! Penalties through the real binary: who keeps being refused is blocked, and nobody else.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod common;

use std::net::IpAddr;

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until};

use common::{PATIENCE, assert_refused, gate};

const DENIED: &str = "[[routes]]\npath = \"/denied\"\ndeny = true\n";
const BLOCKED: (u16, &str) = (403, "address-blocked");

fn from(gate: &MantletProcess, source: [u8; 4], path: &str, headers: &[(&str, &str)]) -> Response {
    let mut connection = Connection::open_from(IpAddr::from(source), gate.address()).unwrap();
    connection.write(&wire::render(gate.address(), "GET", path, headers, b"")).unwrap();
    connection.read_response().unwrap()
}

fn code(response: &Response) -> String {
    response.json()["code"].as_str().unwrap_or_default().to_owned()
}

/// Waits until this address is blocked, which happens beside the way of requests.
fn wait_until_blocked(gate: &MantletProcess, source: [u8; 4]) -> Response {
    let found = poll_until(PATIENCE, || {
        let answer = from(gate, source, "/", &[]);
        (answer.status == 403 && code(&answer) == "address-blocked").then_some(answer)
    });
    found.unwrap_or_else(|| panic!("never blocked: {}", gate.story()))
}

// covers: SAMO-41 (binary)
#[test]
fn etsm_d19_the_tenth_strike_blocks_the_one_who_struck_for_a_while() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let config = format!("[penalty]\nmode = \"enforce\"\nblocks = [\"3s\", \"1h\"]\n{DENIED}");
    let gate = gate(&upstream, &config);
    let offender = [127, 0, 0, 3];
    for _ in 0..9 {
        assert_eq!(code(&from(&gate, offender, "/denied", &[])), "route-denied");
    }
    assert_eq!(from(&gate, offender, "/", &[]).status, 200, "nine are borne");
    assert_eq!(code(&from(&gate, offender, "/denied", &[])), "route-denied");
    let refused = wait_until_blocked(&gate, offender);
    assert_refused(&gate, &refused, BLOCKED, "the offender");
    assert_eq!(from(&gate, [127, 0, 0, 4], "/", &[]).status, 200, "a neighbour");
    let started =
        gate.wait_for_event(|event| event["event.name"] == "penalty.block.started", PATIENCE);
    assert_eq!(started["network"], "127.0.0.3/32", "{started:#}");
    assert_eq!(started["evidence"], "route-denied", "{started:#}");
    let ended = gate.wait_for_event(|event| event["event.name"] == "penalty.block.ended", PATIENCE);
    assert_eq!(ended["network"], "127.0.0.3/32", "{ended:#}");
    assert_eq!(from(&gate, offender, "/", &[]).status, 200, "its time is over");
    for _ in 0..10 {
        let _ = from(&gate, offender, "/denied", &[]);
    }
    wait_until_blocked(&gate, offender);
    let list = gate.command(&["block", "list"]);
    assert!(list.stdout.contains("127.0.0.3"), "{list:#?}");
    assert!(list.stdout.contains("penalty: route-denied, no. 2"), "{list:#?}");
    let lifted = gate.command(&["block", "remove", "127.0.0.3"]);
    assert_eq!(lifted.code, Some(0), "{lifted:#?}");
    assert_eq!(from(&gate, offender, "/", &[]).status, 200, "the operator's word stands");
}

#[test]
fn samo_d49_nobody_can_be_made_to_pay_for_anothers_strikes() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &format!("[penalty]\nmode = \"enforce\"\n{DENIED}"));
    let victim = [
        ("X-Forwarded-For", "127.0.0.9"),
        ("X-Real-IP", "127.0.0.9"),
        ("Forwarded", "for=127.0.0.9"),
    ];
    for _ in 0..12 {
        let _ = from(&gate, [127, 0, 0, 8], "/denied", &victim);
    }
    wait_until_blocked(&gate, [127, 0, 0, 8]);
    assert_eq!(from(&gate, [127, 0, 0, 9], "/", &[]).status, 200);
}

#[test]
fn a_penalty_survives_a_restart_and_by_default_only_tells() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let data = TempFolder::new();
    let start = |config: &str| {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        builder.upstream(&upstream.url()).data(data.path()).config(config).start()
    };
    let mut observing = start(DENIED);
    for _ in 0..30 {
        let _ = from(&observing, [127, 0, 0, 5], "/denied", &[]);
    }
    let told =
        observing.wait_for_event(|event| event["event.name"] == "penalty.block.started", PATIENCE);
    assert_eq!(told["mode"], "observe", "{told:#}");
    assert_eq!(from(&observing, [127, 0, 0, 5], "/", &[]).status, 200);
    observing.stop();
    let enforcing = format!("[penalty]\nmode = \"enforce\"\nblocks = \"1h\"\n{DENIED}");
    let mut gate = start(&enforcing);
    for _ in 0..10 {
        let _ = from(&gate, [127, 0, 0, 5], "/denied", &[]);
    }
    wait_until_blocked(&gate, [127, 0, 0, 5]);
    gate.kill();
    let gate = start(&enforcing);
    assert_eq!(code(&from(&gate, [127, 0, 0, 5], "/", &[])), "address-blocked");
}

#[test]
fn whoever_the_operator_spares_and_the_proxy_in_front_are_not_blocked() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let config = format!(
        "[penalty]\nmode = \"enforce\"\nspare = [\"127.0.0.6\"]\n[guards.blocklist]\nallow = [\"127.0.0.7\"]\n[client]\ntrusted_proxies = [\"127.0.0.2\"]\n{DENIED}"
    );
    let gate = gate(&upstream, &config);
    for source in [[127, 0, 0, 6], [127, 0, 0, 7], [127, 0, 0, 2]] {
        for _ in 0..20 {
            let _ = from(&gate, source, "/denied", &[]);
        }
    }
    // Behind the proxy it is the client who pays.
    for _ in 0..10 {
        let _ = from(&gate, [127, 0, 0, 2], "/denied", &[("X-Forwarded-For", "198.51.100.1")]);
    }
    let _ = gate.wait_for_event(
        |event| {
            event["event.name"] == "penalty.block.started" && event["network"] == "198.51.100.1/32"
        },
        PATIENCE,
    );
    let blocked = poll_until(PATIENCE, || {
        let answer = from(&gate, [127, 0, 0, 2], "/", &[("X-Forwarded-For", "198.51.100.1")]);
        (answer.status == 403).then_some(())
    });
    assert!(blocked.is_some(), "{}", gate.story());
    for source in [[127, 0, 0, 6], [127, 0, 0, 7], [127, 0, 0, 2]] {
        assert_eq!(from(&gate, source, "/", &[]).status, 200, "{source:?}");
    }
}
