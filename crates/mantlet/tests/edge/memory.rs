//! What a connection costs on which nothing is asked.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletBuilder, MantletProcess, TempFolder, left_out, poll_until,
};
use rustix::process::{Resource, getrlimit};

use crate::common::{PATIENCE, assert_refused, gate};

/// The most that one may cost, in bytes of resident memory.
const MOST: u64 = 20 * 1024;

/// How many are held where the machine allows so many open files.
const MANY: usize = 10_000;

fn ask(connection: &mut Connection, address: SocketAddr) {
    let headers = [
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        ("Accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"),
        ("Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"),
    ];
    connection.write(&wire::render(address, "GET", "/", &headers, b"")).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);
}

/// So many connections, a few hundred from each address, each of which has been used.
fn open(count: usize, address: SocketAddr) -> Vec<Connection> {
    let sources = (1..=254_u8).cycle().map(|last| IpAddr::from([127, 0, 1, last]));
    let open = |source| {
        let mut connection = Connection::open_from(source, address).unwrap();
        ask(&mut connection, address);
        connection
    };
    let mut held = Vec::new();
    for (index, source) in sources.take(count).enumerate() {
        held.push(open(source));
        // People come over time: each leaves its buffers to those who come after it.
        if index % 250 == 249 {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    held
}

/// What each of so many idle connections costs; asserts that all of them still work afterwards.
fn cost(count: usize) -> u64 {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "[server]\nidle_timeout = \"10m\"\nmax_connections = 20000\n");
    drop(open(100, gate.address()));
    let before = gate.resident_memory();
    let mut held = open(count, gate.address());
    let each = || gate.resident_memory().saturating_sub(before) / count as u64;
    // Each leaves its buffers behind after a moment, and what they held is used again.
    let _ = poll_until(PATIENCE, || (each() <= MOST).then_some(()));
    let cost = each();
    let begun = Instant::now();
    for connection in &mut held {
        ask(connection, gate.address());
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    cost
}

/// As many connections as this process and the gate may hold beside what else they hold.
fn possible() -> usize {
    let limit = getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok());
    MANY.min(limit.unwrap_or(MANY + 2000).saturating_sub(500))
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_come_back() {
    let count = possible();
    if count < MANY {
        left_out("idle-connections", &format!("{count} of {MANY}: too few open files allowed"));
    }
    let cost = cost(count);
    assert!(cost <= MOST, "{cost} bytes each");
}

/// The binary under a limit of open files that `ulimit` sets with these flags.
fn limited(folder: &TempFolder, flags: &str) -> MantletBuilder {
    let binary = env!("CARGO_BIN_EXE_mantlet");
    let script = format!("#!/bin/sh\nulimit {flags} 64\nexec '{binary}' \"$@\"\n");
    let program = folder.write("mantlet", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    MantletProcess::builder(program)
}

#[test]
fn a_low_limit_of_open_files_is_raised() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = limited(&folder, "-Sn").upstream(&upstream.url()).start();
    assert_eq!(open(200, gate.address()).len(), 200);
}

/// Clients can bring that about, by connections that they hold: it must not close the application to all
/// others for longer than they do.
#[test]
fn a_server_is_not_blamed_for_files_that_this_process_may_not_open() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::answering(Answer::ok("ok").header("Connection", "close"));
    let config = "[upstream.breaker]\npause = \"1m\"\n";
    let gate = limited(&folder, "-n").upstream(&upstream.url()).config(config).start();
    let mut client = Connection::open(gate.address()).unwrap();
    let request = wire::render(gate.address(), "GET", "/", &[], b"");
    let mut ask = || {
        client.write(&request).unwrap();
        client.read_response().unwrap()
    };
    assert_eq!(ask().status, 200);
    let held: Vec<_> = (0..100).map(|_| Connection::open(gate.address()).unwrap()).collect();
    let refused = poll_until(PATIENCE, || Some(ask()).filter(|answer| answer.status != 200));
    let event =
        assert_refused(&gate, &refused.unwrap(), (503, "upstream-saturated"), "no file left");
    assert!(event["evidence"].as_str().unwrap().contains("Too many open files"), "{event:#}");
    // More than it takes to leave a server alone.
    assert!((0..40).all(|_| ask().status == 503));
    drop(held);
    let answered = poll_until(PATIENCE, || (ask().status == 200).then_some(()));
    answered.unwrap_or_else(|| panic!("{}", gate.story()));
}
