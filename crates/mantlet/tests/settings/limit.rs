//! Settings of the guard `limit` and of penalties, each shown to act.

use std::net::IpAddr;

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, poll_until};

use super::common::{PATIENCE, assert_refused, gate};

/// This machine is a proxy whose word on clients counts, and refuses `/denied`.
const BASE: &str = "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n\
    [[routes]]\npath = \"/denied\"\ndeny = true\n";

fn from(gate: &MantletProcess, client: &str, path: &str) -> Response {
    wire::get(gate.address(), path, &[("X-Forwarded-For", client)])
}

#[test]
fn clients_are_told_what_is_left_on_every_answer_where_that_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, is_told) in [("", false), ("announce = \"always\"\n", true)] {
        let config = format!("[guards.limit]\nper_address = [\"10/h\"]\n{setting}");
        let gate = gate(&upstream, &config);
        let answers = [(); 2].map(|()| wire::get(gate.address(), "/", &[]));
        let told = answers.map(|answer| answer.header("ratelimit").map(str::to_owned));
        assert_eq!(told.each_ref().map(Option::is_some), [is_told; 2], "{setting}: {told:?}");
        if let [Some(first), Some(second)] = told {
            assert!(first.contains(";r=9;") && second.contains(";r=8;"), "{first} {second}");
        }
    }
}

#[test]
fn a_network_of_clients_is_as_large_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, [v4, v6]) in
        [("", [200, 200]), ("network_v4 = 16\n", [429, 200]), ("network_v6 = 32\n", [200, 429])]
    {
        let config = format!("{BASE}[guards.limit]\nper_network = [\"2/h\"]\n{setting}");
        let gate = gate(&upstream, &config);
        for (first, other, expected) in
            [("198.51.100.1", "198.51.200.1", v4), ("2001:db8:1::1", "2001:db8:2::1", v6)]
        {
            let statuses = [first, first, other].map(|client| from(&gate, client, "/").status);
            assert_eq!(statuses, [200, 200, expected], "{setting}: {other}");
        }
        assert_eq!(from(&gate, "198.52.0.1", "/").status, 200, "{setting}");
    }
}

#[test]
fn what_runs_at_once_on_a_route_is_bounded_for_all_clients_together() {
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/slow" => Answer::Silence,
        _ => Answer::ok("x"),
    });
    let config = "[[routes]]\npath = \"/slow\"\n[routes.guards.limit]\nconcurrent_per_route = 2\n";
    let gate = gate(&upstream, config);
    let slow = wire::render(gate.address(), "GET", "/slow", &[], b"");
    let open = |last: u8| {
        let mut connection =
            Connection::open_from(IpAddr::from([127, 0, 0, last]), gate.address()).unwrap();
        connection.write(&slow).unwrap();
        connection
    };
    let held = [open(2), open(3)];
    let _ = upstream.wait_for(2, PATIENCE);
    let refused = open(4).read_response().unwrap();
    assert_refused(&gate, &refused, (503, "route-busy"), "the third, of a third client");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "other paths go on");
    drop(held);
    let has_room = || {
        let mut connection = open(5);
        let is_waiting = !connection.has_bytes_within(std::time::Duration::from_millis(300));
        is_waiting.then_some(())
    };
    assert!(poll_until(PATIENCE, has_room).is_some(), "who goes away gives the place back");
}

/// Whether these clients come to be refused for a block, each asked until it is or all others are
/// known to be.
fn blocked(gate: &MantletProcess, clients: &[&str]) -> Vec<bool> {
    let _ = gate.wait_for_event(|event| event["event.name"] == "penalty.block.started", PATIENCE);
    let is_blocked = |client: &&str| {
        let answer = from(gate, client, "/");
        answer.status == 403 && answer.text().contains("address-blocked")
    };
    let any = || clients.iter().any(is_blocked).then_some(());
    assert!(poll_until(PATIENCE, any).is_some(), "nobody is blocked: {}", gate.story());
    clients.iter().map(is_blocked).collect()
}

#[test]
fn strikes_of_a_network_block_it_as_large_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let clients = |prefix: &str| [1, 2, 3].map(|last| format!("{prefix}{last}"));
    for (setting, prefix, asked, expected) in [
        ("", "198.51.100.", ["198.51.100.9", "198.51.200.1"], [true, false]),
        ("network_v4 = 16\n", "198.51.100.", ["198.51.200.1", "198.52.0.1"], [true, false]),
        ("", "2001:db8:1:1::", ["2001:db8:1:2::1", "2001:db8:2::1"], [true, false]),
        ("network_v6 = 32\n", "2001:db8:1:1::", ["2001:db8:2::1", "2001:db9::1"], [true, false]),
    ] {
        let config = format!(
            "{BASE}[penalty]\nmode = \"enforce\"\nnetwork_strikes = [\"3/15min\"]\n{setting}"
        );
        let gate = gate(&upstream, &config);
        for client in clients(prefix) {
            assert_eq!(from(&gate, &client, "/denied").json()["code"], "route-denied", "{setting}");
        }
        assert_eq!(blocked(&gate, &asked), expected, "{setting} {prefix}");
    }
}

#[test]
fn strikes_are_counted_as_is_said_and_each_refusal_as_many_as_it_weighs() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, count) in [
        ("", 10),
        ("strikes = [\"2/15min\"]\n", 2),
        ("[[penalty.offences]]\nreason = \"route-denied\"\nweight = 5\n", 2),
    ] {
        let gate = gate(&upstream, &format!("{BASE}[penalty]\nmode = \"enforce\"\n{setting}"));
        let strike = |client: &str, count: usize| {
            (0..count).for_each(|_| drop(from(&gate, client, "/denied")));
        };
        strike("198.51.100.1", count - 1);
        strike("198.51.100.2", count);
        assert_eq!(blocked(&gate, &["198.51.100.1", "198.51.100.2"]), [false, true], "{setting}");
    }
    // Those that are named are all that count.
    let named = "[[penalty.offences]]\nreason = \"invalid-path\"\nweight = 5\n";
    let gate = gate(&upstream, &format!("{BASE}[penalty]\nmode = \"enforce\"\n{named}"));
    let [first, other] = ["198.51.100.1", "198.51.100.2"];
    (0..30).for_each(|_| drop(from(&gate, first, "/denied")));
    let unclear = [(); 2].map(|()| from(&gate, other, "/..%2f").status);
    assert_eq!(unclear, [400; 2]);
    assert_eq!(blocked(&gate, &[first, other]), [false, true], "the other weighs nothing");
}

#[test]
fn asking_faster_than_is_said_is_a_strike_by_itself() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let config = "rates = [\"5/min\"]\nstrikes = [\"2/15min\"]\n";
    let gate = gate(&upstream, &format!("{BASE}[penalty]\nmode = \"enforce\"\n{config}"));
    let slow = (0..5).map(|_| from(&gate, "198.51.100.1", "/").status);
    assert!(slow.into_iter().all(|status| status == 200));
    (0..8).for_each(|_| drop(from(&gate, "198.51.100.2", "/")));
    assert_eq!(blocked(&gate, &["198.51.100.2", "198.51.100.3"]), [true, false]);
}

#[test]
fn a_block_is_remembered_as_long_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, second) in [("", "no. 2"), ("memory = \"1ms\"\n", "no. 1")] {
        let config = format!(
            "{BASE}[penalty]\nmode = \"enforce\"\nstrikes = [\"1/s\"]\nblocks = [\"1s\", \"1h\"]\n{setting}"
        );
        let gate = gate(&upstream, &config);
        let client = "198.51.100.1";
        let _ = from(&gate, client, "/denied");
        let _ = gate.wait_for_event(|event| event["event.name"] == "penalty.block.ended", PATIENCE);
        let struck = || {
            let _ = from(&gate, client, "/denied");
            let list = gate.command(&["block", "list"]).stdout;
            list.contains(client).then_some(list)
        };
        let list = poll_until(PATIENCE, struck).unwrap();
        assert!(list.contains(second), "{setting}: {list}");
    }
}
