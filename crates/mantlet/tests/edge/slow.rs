//! A thousand clients that send or read as slowly as they may, beside one that does not.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, poll_until};

use crate::common::{PATIENCE, gate};

/// How many there are of each of the three kinds.
const EACH: u8 = 250;
/// Connections of a kind that no two of one address make.
const KINDS: u8 = 4;
/// Requests of the client that is not slow.
const OTHERS: usize = 200;
/// What nine of ten of its requests take at most: far more than an idle machine needs, far less
/// than waiting for one slow client.
const SOON: Duration = Duration::from_millis(250);

/// How long nine of ten requests of a client of its own take.
fn others(address: SocketAddr) -> Duration {
    let mut times: Vec<Duration> = (0..OTHERS)
        .map(|_| {
            let begun = Instant::now();
            assert_eq!(wire::get(address, "/", &[]).status, 200);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[OTHERS * 9 / 10]
}

/// What each kind sends first: a head without an end, a body that is to come, and questions whose
/// long answers nobody reads, over one connection or over HTTP/2's beginning.
fn beginnings(address: SocketAddr) -> [Vec<u8>; KINDS as usize] {
    let upload = format!("POST / HTTP/1.1\r\nHost: {address}\r\nContent-Length: 100000\r\n\r\n");
    [
        format!("GET / HTTP/1.1\r\nHost: {address}\r\nX-Slow: ").into_bytes(),
        upload.into_bytes(),
        wire::render(address, "GET", "/large", &[], b""),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
    ]
}

#[test]
fn a_thousand_slow_clients_do_not_delay_others() {
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/large" => Answer::of(200, "text/plain", vec![b'x'; 8 << 20]),
        _ => Answer::ok("ok"),
    });
    let gate = gate(&upstream, "[server]\nhead_timeout = \"2m\"\n[log]\naccess = false\n");
    let address = gate.address();
    let alone = others(address);
    let beginnings = beginnings(address);
    let mut slow: Vec<(usize, Connection)> = Vec::new();
    for last in 1..=EACH {
        for (kind, beginning) in beginnings.iter().enumerate() {
            let source = IpAddr::from([127, 0, 2, last]);
            let mut connection = Connection::open_from(source, address).unwrap();
            connection.write(beginning).unwrap();
            slow.push((kind, connection));
        }
    }
    assert_eq!(slow.len(), 1000);
    let (stop, rounds) = (AtomicBool::new(false), std::sync::atomic::AtomicUsize::new(0));
    let beside = thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                for (_, connection) in slow.iter_mut().filter(|(kind, _)| *kind < 2) {
                    connection.write(b"x").unwrap();
                }
                rounds.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(200));
            }
        });
        poll_until(PATIENCE, || (rounds.load(Ordering::Relaxed) >= 2).then_some(())).unwrap();
        let beside = others(address);
        stop.store(true, Ordering::Relaxed);
        beside
    });
    // All of them are still there: they were borne, not turned away.
    assert!(gate.metric("mantlet_connections") >= 1000, "{}", gate.metrics());
    assert!(beside <= SOON.max(alone * 10), "{beside:?} beside them, {alone:?} alone");
    assert!(gate.resident_memory() < 400 << 20, "{} bytes", gate.resident_memory());
}
