//! Request bodies: bounded, held or streamed, never half given to the application as a whole.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, poll_until};

use common::{PATIENCE, assert_refused, gate};

const LIMIT: &str = "[server]\nbody_limit = \"100KiB\"\nbody_timeout = \"500ms\"\n";
const UPLOAD: &str = "[[routes]]\npath = \"/upload\"\nupload = true\n";
const TOO_LARGE: (u16, &str) = (413, "body-too-large");
const KINDS: [&str; 2] = ["text/plain", "application/json"];

/// A gate in which JSON alone is held; the WAF would hold every body.
fn start(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &format!("[guards.waf]\nmode = \"off\"\n{config}"));
    (upstream, gate)
}

fn head(path: &str, kind: &str, framing: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\n{framing}\r\n\r\n")
}

/// A JSON text of exactly `size` bytes.
fn json(size: usize) -> String {
    format!("[\"{}\"]", "x".repeat(size - 4))
}

fn has_whole_request(upstream: &FakeUpstream) -> bool {
    upstream.requests().iter().any(|request| request.is_complete)
}

// covers: SCI-45, ELITE-D10, SCI-D31 (binary)
#[test]
fn an_announced_body_over_the_limit_is_refused_before_a_byte_of_it() {
    let (upstream, gate) = start(LIMIT);
    for kind in KINDS {
        let request = head("/", kind, "Content-Length: 102401");
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        let event = assert_refused(&gate, &answer.responses()[0], TOO_LARGE, kind);
        assert_eq!(event["limit_bytes"], 102_400, "{event:#}");
        assert!(upstream.is_untouched());
        let body = json(102_400);
        let whole =
            wire::request(gate.address(), "POST", "/", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(whole.status, 200, "just under the limit: {whole:?}");
        upstream.clear();
    }
    assert!(
        gate.metrics().contains("mantlet_limit_reached_total{limit=\"server.body_limit\"} 2"),
        "{}",
        gate.metrics()
    );
}

/// The client sends its body without looking for an answer, as simple ones do; it finds one all the
/// same, and can go on where the rest was small.
#[test]
fn an_upload_that_is_refused_early_gets_its_answer() {
    let (upstream, gate) = start(&format!("{LIMIT}discard_limit = \"300KiB\"\n"));
    for (size, goes_on) in [(200 * 1024, true), (8 * 1024 * 1024, false)] {
        let mut client = Connection::open(gate.address()).unwrap();
        let request = head("/", "text/plain", &format!("Content-Length: {size}"));
        client.write(request.as_bytes()).unwrap();
        // Where the rest is too much the gate may have closed before all of it is out.
        let sent = client.write(&vec![b'x'; size]);
        assert!(sent.is_ok() || !goes_on, "{sent:?}");
        if goes_on {
            let refusal = client.read_response().unwrap();
            assert_refused(&gate, &refusal, TOO_LARGE, "a small rest");
            assert_eq!(refusal.header("connection"), None);
            client.write(b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            assert_eq!(client.read_response().unwrap().status, 200);
        }
    }
    // Whoever looks for the answer first is told that the connection ends.
    let mut client = Connection::open(gate.address()).unwrap();
    client.write(head("/", "text/plain", "Content-Length: 8388608").as_bytes()).unwrap();
    let refusal = client.read_response().unwrap();
    assert_refused(&gate, &refusal, TOO_LARGE, "a large rest");
    assert_eq!(refusal.header("connection"), Some("close"));
    assert!(client.is_closed_within(PATIENCE));
    let counted = "mantlet_limit_reached_total{limit=\"server.discard_limit\"}";
    assert!(gate.metrics().contains(counted), "{}", gate.metrics());
    assert_eq!(upstream.requests().len(), 1);
}

/// What waits to be asked for its body is asked once the application wants it, and never for what
/// is refused.
#[test]
fn a_body_is_asked_for_when_it_is_wanted() {
    let (upstream, gate) = start(LIMIT);
    let mut client = Connection::open(gate.address()).unwrap();
    let expecting = |size: usize| {
        head("/", "text/plain", &format!("Expect: 100-continue\r\nContent-Length: {size}"))
    };
    for _ in 0..2 {
        client.write(expecting(5).as_bytes()).unwrap();
        let asked = client.read_until(b"\r\n\r\n").unwrap();
        assert_eq!(asked, b"HTTP/1.1 100 Continue\r\n\r\n");
        client.write(b"12345").unwrap();
        assert_eq!(client.read_response().unwrap().status, 200);
    }
    client.write(expecting(200_000).as_bytes()).unwrap();
    let refusal = client.read_response().unwrap();
    assert_refused(&gate, &refusal, TOO_LARGE, "not asked for");
    assert_eq!(refusal.header("connection"), Some("close"));
    assert_eq!(upstream.requests().len(), 2);
}

// covers: SCI-45, ELITE-D10 (binary)
#[test]
fn a_chunked_body_over_the_limit_is_never_a_whole_request() {
    let (upstream, gate) = start(LIMIT);
    for kind in KINDS {
        upstream.clear();
        let chunk = format!("5000\r\n{}\r\n", "x".repeat(0x5000));
        let request =
            head("/", kind, "Transfer-Encoding: chunked") + &chunk.repeat(6) + "0\r\n\r\n";
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        assert_refused(&gate, &answer.responses()[0], TOO_LARGE, kind);
        assert!(!has_whole_request(&upstream), "{kind}");
        assert_eq!(kind == "application/json", upstream.is_untouched(), "held bodies show nothing");
    }
}

#[test]
fn a_body_that_stops_or_pauses_is_never_a_whole_request() {
    let (upstream, gate) = start(LIMIT);
    for kind in KINDS {
        for (framing, part) in
            [("Content-Length: 10", "01234"), ("Transfer-Encoding: chunked", "5\r\n01234\r\n")]
        {
            for (ends, expected) in
                [(true, (400, "body-incomplete")), (false, (408, "body-timeout"))]
            {
                upstream.clear();
                let about = format!("{kind}, {framing}, ends = {ends}");
                let mut connection = Connection::open(gate.address()).unwrap();
                connection.write((head("/", kind, framing) + part).as_bytes()).unwrap();
                if ends {
                    connection.finish_writing().unwrap();
                }
                let response = connection.read_response().unwrap_or_default();
                assert_refused(&gate, &response, expected, &about);
                assert!(connection.is_closed_within(PATIENCE), "{about}: nothing more may follow");
                assert!(!has_whole_request(&upstream), "{about}");
            }
        }
    }
}

#[test]
fn when_the_memory_for_bodies_is_used_up_others_wait_and_then_go_on() {
    // One worker takes things in their order: what is there of the slow body is held when the next
    // one comes, and not the other way round.
    let settings = "workers = 1\nbody_memory = \"64KiB\"\nbody_limit = \"60KiB\"\n";
    let (upstream, gate) = start(&format!("[server]\n{settings}"));
    let body = json(40_000);
    let request = head("/", "application/json", "Content-Length: 40000") + &body;
    let (first, rest) = request.split_at(30_000);
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(first.as_bytes()).unwrap();
    let is_refused = || {
        let answer = wire::send_raw(gate.address(), request.as_bytes()).responses().remove(0);
        (answer.status != 200).then_some(answer)
    };
    let refused = poll_until(PATIENCE, is_refused).expect("two bodies do not fit");
    assert_refused(&gate, &refused, (503, "body-memory-exhausted"), "memory");
    let text = wire::request(
        gate.address(),
        "POST",
        "/",
        &[("Content-Type", "text/plain")],
        body.as_bytes(),
    );
    assert_eq!(text.status, 200, "what is not held needs no memory");
    slow.write(rest.as_bytes()).unwrap();
    assert_eq!(slow.read_response().unwrap().status, 200);
    for _ in 0..3 {
        let again = wire::send_raw(gate.address(), request.as_bytes());
        assert_eq!(again.statuses(), [200], "the memory is free again");
    }
    assert!(upstream.requests().iter().all(|request| request.is_complete));
    assert!(gate.metrics().contains("mantlet_limit_reached_total{limit=\"server.body_memory\"}"));
}

#[test]
fn a_held_body_is_passed_byte_for_byte_once_it_is_whole() {
    let (upstream, gate) = start("");
    let body = json(300_000);
    for framing in ["Content-Length: 300000", "Transfer-Encoding: chunked"] {
        upstream.clear();
        let mut connection = Connection::open(gate.address()).unwrap();
        let chunked = framing.starts_with('T');
        let (one, two) = body.split_at(123_457);
        let piece = |part: &str| {
            if chunked { format!("{:x}\r\n{part}\r\n", part.len()) } else { part.to_owned() }
        };
        connection
            .write((head("/", "application/json", framing) + &piece(one)).as_bytes())
            .unwrap();
        std::thread::sleep(Duration::from_millis(200));
        assert!(upstream.is_untouched(), "{framing}: nothing is sent before the body is whole");
        let end = if chunked { "0\r\n\r\n" } else { "" };
        connection.write((piece(two) + end).as_bytes()).unwrap();
        assert_eq!(connection.read_response().unwrap().status, 200);
        let request = upstream.requests().pop().unwrap();
        assert!(request.text() == body, "{framing}: the body differs");
        assert_eq!(request.headers.get_all("content-length"), ["300000"], "{}", request.head());
        assert!(request.header("transfer-encoding").is_none(), "{}", request.head());
    }
}

#[test]
fn a_streamed_chunked_body_has_one_framing() {
    let (upstream, gate) = start("");
    let request =
        head("/", "text/plain", "Transfer-Encoding: chunked") + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    assert_eq!(wire::send_raw(gate.address(), request.as_bytes()).statuses(), [200]);
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.text(), "abcde");
    assert_eq!(request.headers.get_all("transfer-encoding"), ["chunked"], "{}", request.head());
    assert!(request.header("content-length").is_none(), "{}", request.head());
}

/// Resident memory of the process in KiB: now, or the most there ever was.
fn memory(gate: &MantletProcess, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", gate.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(key)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_large_upload_is_streamed_and_costs_no_memory() {
    let (upstream, gate) = start(UPLOAD);
    let before = memory(&gate, "VmRSS:");
    let body = vec![b'x'; 64 * 1024 * 1024];
    let kind = [("Content-Type", "application/json")];
    assert_eq!(wire::request(gate.address(), "PUT", "/upload", &kind, &body).status, 200);
    assert_eq!(upstream.wait_for(1, PATIENCE)[0].body.len(), body.len());
    let growth = memory(&gate, "VmHWM:").saturating_sub(before);
    assert!(growth < 120 * 1024, "grew by {growth} KiB");
}

#[test]
fn the_first_bytes_of_an_upload_arrive_before_the_last_are_sent() {
    let (upstream, gate) = start(UPLOAD);
    let mut connection = Connection::open(gate.address()).unwrap();
    connection
        .write((head("/upload", "application/json", "Content-Length: 10") + "01234").as_bytes())
        .unwrap();
    let arrived =
        || upstream.requests().first().filter(|request| request.text() == "01234").map(drop);
    poll_until(PATIENCE, arrived).expect("the first half arrives alone");
    connection.write(b"56789").unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);
}

#[test]
fn slow_clients_do_not_hold_up_others() {
    let (_upstream, gate) = start(&format!("[server]\nworkers = 1\n{UPLOAD}"));
    let mut slow = Vec::new();
    for path in ["/", "/upload"].repeat(20) {
        let mut connection = Connection::open(gate.address()).unwrap();
        let request = head(path, "application/json", "Content-Length: 1000") + "[";
        connection.write(request.as_bytes()).unwrap();
        slow.push(connection);
    }
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
}

#[test]
fn an_upload_may_take_longer_than_an_answer_may() {
    let (upstream, gate) = start(&format!("[upstream]\nresponse_timeout = \"700ms\"\n{UPLOAD}"));
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(head("/upload", "text/plain", "Content-Length: 20").as_bytes()).unwrap();
    connection.write_slowly(b"01234567890123456789", 1, Duration::from_millis(100)).unwrap();
    let response = connection.read_response().unwrap();
    assert_eq!(response.status, 200, "{response:?}");
    assert!(has_whole_request(&upstream));
}
