//! What clients of HTTP/2 cost that offer all the room there is and then read nothing.

use std::fs;
use std::time::Duration;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until};

use crate::common::{PATIENCE, gate};
use crate::frames::{Client, frame};

/// As many as one connection may ask at a time, by default.
const STREAMS: u32 = 128;
const CONNECTIONS: u64 = 6;
/// The most that one such connection may cost, in bytes of resident memory: of each stream one piece
/// of 64 KiB that waits, what a request costs anyway, and what the allocator keeps of pieces that
/// threads handed on. Without a bound of ours it would be half a megabyte a stream, 64 MiB in all.
const MOST: u64 = 32 * 1024 * 1024;
/// The largest window there is (RFC 9113 section 6.9.1).
const LARGEST: u32 = 0x7fff_ffff;

/// A client that asks for `path` as often as it may and never reads.
fn greedy(gate: &MantletProcess, path: &str) -> Client {
    let mut client = Client::open(gate.address());
    client.write(&frame(4, 0, 0, &[&[0, 4], LARGEST.to_be_bytes().as_slice()].concat()));
    client.write(&frame(8, 0, 0, &(LARGEST - 65_535).to_be_bytes()));
    let fields = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", path)];
    for index in 0..STREAMS {
        client.request(index * 2 + 1, &fields, b"");
    }
    client
}

/// What each of some such connections costs when all is as it will stay.
fn cost(gate: &MantletProcess, path: &str) -> u64 {
    let before = gate.resident_memory();
    let held: Vec<Client> = (0..CONNECTIONS).map(|_| greedy(gate, path)).collect();
    let (mut last, mut same) = (0, 0);
    let still = poll_until(PATIENCE * 3, || {
        std::thread::sleep(Duration::from_millis(50));
        let now = gate.resident_memory();
        same = if now == last { same + 1 } else { 0 };
        last = now;
        (same >= 40).then_some(())
    });
    assert!(still.is_some(), "the memory does not settle: {last}");
    drop(held);
    last.saturating_sub(before) / CONNECTIONS
}

#[test]
fn large_answers_that_nobody_reads_cost_little_memory() {
    let body = "x".repeat(1_000_000);
    let upstream = FakeUpstream::start(move |_| Answer::ok(&body));
    let gate = gate(&upstream, "");
    let cost = cost(&gate, "/large");
    assert!(cost <= MOST, "{cost} bytes each");
    assert!(upstream.requests().len() >= (STREAMS as usize) / 2, "{}", upstream.requests().len());
}

#[test]
fn large_files_that_nobody_reads_cost_little_memory() {
    let folder = TempFolder::new();
    fs::create_dir(folder.path().join("files")).unwrap();
    fs::write(folder.path().join("files/large.bin"), vec![b'x'; 2_000_000]).unwrap();
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    let config =
        format!("[[routes]]\npath = \"/files/*\"\nstatic = \"{}\"\n", folder.path().display());
    let gate = gate(&upstream, &config);
    let path = "/files/large.bin";
    assert_eq!(wire::get(gate.address(), path, &[]).body.len(), 2_000_000, "{}", gate.story());
    let cost = cost(&gate, path);
    assert!(cost <= MOST, "{cost} bytes each");
}
