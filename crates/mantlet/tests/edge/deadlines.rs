//! Deadlines and caps: each is reached, each is counted, and nobody else notices.

use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, certificate, free_address, poll_until,
};

use crate::common::{PATIENCE, assert_refused, gate};

fn reached(gate: &MantletProcess, limit: &str) -> u64 {
    gate.metric(&format!("mantlet_limit_reached_total{{limit=\"{limit}\"}}"))
}

/// Waits until this limit has been counted so often.
fn await_reached(gate: &MantletProcess, limit: &str, count: u64) {
    let is_there = || (reached(gate, limit) >= count).then_some(());
    poll_until(PATIENCE, is_there).unwrap_or_else(|| panic!("{limit}: {}", gate.metrics()));
}

fn start(server: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &format!("[server]\n{server}\n"));
    (upstream, gate)
}

#[test]
fn a_handshake_a_head_and_idle_time_end_and_are_counted() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let (folder, tls) = (TempFolder::new(), free_address());
    let (cert, key) = certificate(&folder, "a.crt", "a.key");
    let gate = gate(
        &upstream,
        &format!(
            "[server]\nhead_timeout = \"300ms\"\nidle_timeout = \"400ms\"\n[server.tls]\nlisten = [\"{tls}\"]\ncert = {cert:?}\nkey = {key:?}\nhandshake_timeout = \"300ms\"\n"
        ),
    );
    let mut handshake = Connection::open(tls).unwrap();
    handshake.write(b"\x16\x03\x01\x02\x00\x01").unwrap();
    assert!(handshake.is_closed_within(PATIENCE));
    await_reached(&gate, "server.tls.handshake_timeout", 1);
    let mut head = Connection::open(gate.address()).unwrap();
    head.write(b"GET / HTTP/1.1\r\nHost: a\r\nX").unwrap();
    assert_refused(&gate, &head.read_response().unwrap(), (408, "head-timeout"), "half a head");
    await_reached(&gate, "server.head_timeout", 1);
    let [mut silent, mut used] = [(); 2].map(|()| Connection::open(gate.address()).unwrap());
    used.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    assert_eq!(used.read_response().unwrap().status, 200);
    assert!(silent.is_closed_within(PATIENCE) && used.is_closed_within(PATIENCE));
    await_reached(&gate, "server.idle_timeout", 2);
}

#[test]
fn sizes_of_head_and_body_are_counted() {
    let (_upstream, gate) =
        start("head_limit = \"2KiB\"\ntarget_limit = \"1KiB\"\nbody_limit = \"1KiB\"");
    let long = "x".repeat(1500);
    let answer = wire::get(gate.address(), &format!("/{long}"), &[]);
    assert_eq!(answer.status, 414);
    let answer = wire::get(gate.address(), "/", &[("X-One", &long), ("X-Two", &long)]);
    assert_eq!(answer.status, 431);
    let answer = wire::request(gate.address(), "POST", "/", &[], &[b'x'; 2000]);
    assert_eq!(answer.status, 413);
    for limit in ["server.target_limit", "server.head_limit", "server.body_limit"] {
        await_reached(&gate, limit, 1);
    }
}

#[test]
fn a_body_that_pauses_and_one_that_trickles_are_not_waited_for() {
    let rules = "body_timeout = \"500ms\"\nmin_body_rate = \"1KiB\"";
    for guard in ["observe", "off"] {
        // Held for inspection, or streamed to the application.
        let upstream = FakeUpstream::answering(Answer::Echo);
        let text = format!("[server]\n{rules}\n[guards.json]\nmode = \"{guard}\"\n");
        let gate = gate(&upstream, &text);
        let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
        let mut paused = Connection::open(gate.address()).unwrap();
        paused.write(head).unwrap();
        let answer = paused.read_response().unwrap();
        assert_refused(&gate, &answer, (408, "body-timeout"), guard);
        // Never a pause that is too long, but a byte at a time.
        let (mut slow, begun) = (Connection::open(gate.address()).unwrap(), Instant::now());
        slow.write(head).unwrap();
        let mut answer = None;
        while answer.is_none() && begun.elapsed() < PATIENCE && slow.write(b" ").is_ok() {
            let has_come = slow.has_bytes_within(Duration::from_millis(50));
            answer = has_come.then(|| slow.read_response().ok()).flatten();
        }
        let answer = answer.unwrap_or_else(|| panic!("{guard}: no answer: {}", gate.story()));
        assert_refused(&gate, &answer, (408, "body-too-slow"), guard);
        await_reached(&gate, "server.body_timeout", 1);
        await_reached(&gate, "server.min_body_rate", 1);
        // One that keeps the pace is waited for, though it takes longer than any pause.
        let mut steady = Connection::open(gate.address()).unwrap();
        let body = vec![b' '; 6 * 1024];
        let head = format!(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        steady.write(head.as_bytes()).unwrap();
        steady.write_slowly(&body, 1024, Duration::from_millis(150)).unwrap();
        assert_eq!(steady.read_response().unwrap().status, 200, "{guard}: {}", gate.story());
    }
}

#[test]
fn those_who_are_turned_away_do_not_count_as_open() {
    let (_upstream, gate) = start("max_connections = 3\nmax_connections_per_address = 2");
    let ask = |connection: &mut Connection| {
        connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        connection.read_response().map(|answer| answer.status)
    };
    let mut held: Vec<Connection> = Vec::new();
    while held.len() < 2 {
        let mut one = Connection::open(gate.address()).unwrap();
        if ask(&mut one).is_ok_and(|status| status == 200) {
            held.push(one);
        }
    }
    // Many who are one too many, and do not go when they are told to.
    let mut lingering: Vec<_> =
        (0..50).map(|_| Connection::open(gate.address()).unwrap()).collect();
    // While one of them is being looked at it holds the third place, which turns away others.
    let away = || {
        let keys = ["server.max_connections_per_address", "server.max_connections"];
        (keys.iter().map(|key| reached(&gate, key)).sum::<u64>() >= 50).then_some(())
    };
    poll_until(PATIENCE, away).unwrap_or_else(|| panic!("{}", gate.metrics()));
    let mut other = Connection::open_from([127, 0, 0, 3].into(), gate.address()).unwrap();
    assert_eq!(ask(&mut other).unwrap(), 200, "there is room for one more address");
    drop(held.pop());
    let freed = poll_until(PATIENCE, || {
        let mut one = Connection::open(gate.address()).ok()?;
        (ask(&mut one).ok()? == 200).then_some(one)
    });
    assert!(freed.is_some());
    let refusal = lingering[0].read_response().unwrap();
    assert_eq!(refusal.json()["code"], "too-many-connections");
}
