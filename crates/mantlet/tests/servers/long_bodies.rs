//! Bodies that are longer than one reading, and that nobody looks into: they come whole and to whom
//! they belong, whatever way they take through the gate.

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, Received, poll_until};
use serde_json::Value;

use crate::gate_of;

const CONFIG: &str = "[server]\nworkers = 1\n[guards.waf]\nmode = \"off\"\n[guards.limit]\nper_address = [\"100000/s burst 100000\"]\n[upstream]\nmax_connections = 500\n[upstream.health]\nfailures = 0\n";

const SIZES: [usize; 7] = [16_383, 16_384, 16_500, 65_536, 300_000, 1_000_003, 5_000_000];

/// Bytes that tell where in a body they stand.
fn long(size: usize) -> Vec<u8> {
    (0_u32..)
        .flat_map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes())
        .take(size)
        .collect()
}

fn echo(request: &Received) -> Answer {
    Answer::of(200, "application/octet-stream", request.body.clone())
}

#[test]
fn long_bodies_come_whole_both_ways_and_the_next_request_is_not_part_of_them() {
    let upstream = FakeUpstream::start(echo);
    let gate = gate_of(&[upstream.url()], CONFIG);
    let mut connection = Connection::open(gate.address()).unwrap();
    for size in SIZES {
        let body = long(size);
        let post = wire::render(gate.address(), "POST", "/long", &[], &body);
        let next = wire::render(gate.address(), "POST", "/next", &[], b"next");
        // In one write, so that the second stands behind the body while that is being passed on.
        connection.write(&[post, next].concat()).unwrap();
        let answer = connection.read_response().unwrap();
        assert_eq!((answer.status, answer.body.len()), (200, size));
        assert!(answer.body == body, "{size}");
        assert_eq!(connection.read_response().unwrap().text(), "next");
    }
    assert!(upstream.connections() <= 2, "connections are used again");
    let entries = || {
        let entries = gate.access();
        let of_long = |entry: &&Value| entry["url.path"] == "/long";
        let sizes = |entry: &Value| {
            let size = |field: &str| entry[field].as_u64().unwrap();
            (size("http.request.body.bytes"), size("http.response.body.bytes"))
        };
        let found: Vec<(u64, u64)> = entries.iter().filter(of_long).map(sizes).collect();
        (found.len() == SIZES.len()).then_some(found)
    };
    let counted = poll_until(Duration::from_secs(20), entries).expect("each has its entry");
    assert_eq!(counted, SIZES.map(|size| (size as u64, size as u64)));
    let spliced = pipes(&gate);
    assert!((1..=8).contains(&spliced), "{spliced} ends of pipes");
}

/// How many ends of pipes the process has open, beyond those of its own working.
fn pipes(gate: &MantletProcess) -> usize {
    let links = fs::read_dir(format!("/proc/{}/fd", gate.id())).unwrap();
    let targets = links.filter_map(|link| fs::read_link(link.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().starts_with("pipe:")).count()
}

/// A body of one byte all through.
fn body_of(client: usize, turn: usize) -> Vec<u8> {
    vec![u8::try_from(client * 8 + turn % 8).unwrap(); 100_000 + turn * 10_007]
}

/// Answers with the body that came, whole or broken off, or not at all.
fn moody(request: &Received) -> Answer {
    match request.body.len() % 5 {
        0 => Answer::Hangup,
        1 => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", request.body.len());
            let (half, _) = request.body.split_at(request.body.len() / 2);
            Answer::Raw([head.as_bytes(), half].concat())
        }
        _ => echo(request),
    }
}

/// One long upload; what comes back, whole or not, is of it alone. `leaves`: the client goes away in
/// the middle, of its body or of the answer.
fn upload(gate: SocketAddr, body: &[u8], leaves: usize) -> bool {
    let mut stream = TcpStream::connect(gate).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = wire::render(gate, "POST", "/", &[], body);
    if leaves == 1 {
        let _ = stream.write_all(request.split_at(request.len() / 2).0);
        return false;
    }
    let _ = stream.write_all(&request);
    if leaves == 2 {
        let _ = stream.read(&mut [0; 1000]);
        return false;
    }
    drop(stream);
    let mut connection = Connection::open(gate).unwrap();
    connection.write(&request).unwrap();
    let Ok(answer) = connection.read_response() else { return false };
    // Half of it is what the server sent before it broke off.
    assert!(answer.status != 200 || body.starts_with(&answer.body), "of another body");
    answer.status == 200 && answer.body.len() == body.len()
}

#[test]
fn long_bodies_stay_apart_where_clients_and_servers_break_off() {
    let upstream = FakeUpstream::start(moody);
    let gate = gate_of(&[upstream.url()], CONFIG);
    let address = gate.address();
    let whole: usize = thread::scope(|scope| {
        let clients = (0..12_usize).map(|client| {
            scope.spawn(move || {
                let turns = (0..12_usize)
                    .filter(|turn| upload(address, &body_of(client, *turn), (client + turn) % 4));
                turns.count()
            })
        });
        let clients: Vec<_> = clients.collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    });
    assert!(whole > 20, "{whole} came whole");
    for request in upstream.requests() {
        let first = request.body.first().copied().unwrap_or_default();
        assert!(request.body.iter().all(|byte| *byte == first), "two bodies in one");
    }
}

/// A server that accepts and reads nothing.
fn stand_still() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (format!("http://{}", listener.local_addr().unwrap()), listener)
}

#[test]
fn receivers_that_take_nothing_hold_up_nobody_and_cost_a_bounded_number_of_descriptors() {
    let (still, _listener) = stand_still();
    let upstream = FakeUpstream::start(echo);
    let routes =
        format!("{CONFIG}[[routes]]\npath = \"/still\"\nupload = true\nupstream = {still:?}\n");
    let gate = gate_of(&[upstream.url()], &routes);
    let head = "POST /still HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n";
    let piece = long(1 << 20);
    let senders: Vec<TcpStream> = (0..90)
        .map(|_| {
            let mut stream = TcpStream::connect(gate.address()).unwrap();
            stream.write_all(head.as_bytes()).unwrap();
            stream.set_nonblocking(true).unwrap();
            stream
        })
        .collect();
    // Until none of them takes more: what is on its way then waits in the gate.
    let mut quiet = 0;
    while quiet < 20 {
        let mut sent = 0;
        for mut sender in &senders {
            match sender.write(&piece) {
                Ok(count) => sent += count,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        }
        quiet = if sent == 0 { quiet + 1 } else { 0 };
        thread::sleep(Duration::from_millis(10));
    }
    let body = long(400_000);
    for _ in 0..5 {
        let answer = wire::request(gate.address(), "POST", "/", &[], &body);
        assert!(answer.status == 200 && answer.body == body, "{}", answer.status);
    }
    let open = pipes(&gate);
    assert!((100..=140).contains(&open), "{open} ends of pipes");
    drop(senders);
}
