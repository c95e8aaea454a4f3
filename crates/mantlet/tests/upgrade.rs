//! Connections that leave HTTP, and answers that never seem to end.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod common;

use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use common::{PATIENCE, assert_refused, gate};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://a\r\n\r\n";
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";

fn start(answer: Answer, config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(answer);
    let gate = gate(&upstream, config);
    (upstream, gate)
}

/// A connection on which the handshake has been sent, and its answer.
fn shake_hands(gate: &MantletProcess) -> (Connection, Response) {
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(HANDSHAKE.as_bytes()).unwrap();
    let response = connection.read_response().unwrap();
    (connection, response)
}

/// One masked frame of a client, as RFC 6455 section 5.2 says; binary.
fn frame(payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![0x82];
    match payload.len() {
        size @ ..126 => bytes.push(0x80 | u8::try_from(size).unwrap()),
        size @ ..65_536 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(size).unwrap().to_be_bytes());
        }
        size => {
            bytes.push(0x80 | 127);
            bytes.extend(u64::try_from(size).unwrap().to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

// covers: ETSM-08 (binary)
#[test]
fn a_websocket_passes_both_ways() {
    let (upstream, gate) = start(Answer::WebSocketEcho, "");
    let (mut connection, response) = shake_hands(&gate);
    assert_eq!(response.status, 101, "{response:?}");
    assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(
        response.header("upgrade").map(str::to_ascii_lowercase).as_deref(),
        Some("websocket")
    );
    assert!(response.headers.contains("x-request-id"), "{response:?}");
    for size in [0, 5, 125, 126, 70_000] {
        let sent = frame(&vec![b'x'; size]);
        connection.write(&sent).unwrap();
        assert!(connection.read_exact(sent.len()).unwrap() == sent, "a frame of {size} bytes");
    }
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.header("origin"), Some("http://a"));
    assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.header("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn a_message_of_a_megabyte_passes_while_its_echo_comes_back() {
    let (_upstream, gate) = start(Answer::WebSocketEcho, "");
    let (mut connection, _) = shake_hands(&gate);
    let sent = frame(&vec![b'y'; 1_000_000]);
    // Smaller pieces than the buffers on the way, so that neither side waits for the other.
    for piece in sent.chunks(50_000) {
        connection.write(piece).unwrap();
        assert!(connection.read_exact(piece.len()).unwrap() == piece);
    }
}

#[test]
fn when_either_side_ends_a_websocket_the_other_learns_it() {
    let (upstream, gate) = start(Answer::WebSocketEcho, "");
    let (connection, _) = shake_hands(&gate);
    drop(connection);
    let is_gone = || (upstream.open_connections() == 0).then_some(());
    mantlet_testkit::poll_until(PATIENCE, is_gone).expect("the application's side is closed");
    let (mut connection, _) = shake_hands(&gate);
    drop(upstream);
    assert!(connection.is_closed_within(PATIENCE));
}

#[test]
fn events_come_one_by_one_as_they_are_sent() {
    let pause = Duration::from_millis(1500);
    let (_upstream, gate) = start(Answer::events(&["one", "two"], pause), "");
    let begun = Instant::now();
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(&wire::render(gate.address(), "GET", "/events", &[], b"")).unwrap();
    let _ = connection.read_until(b"data: one\n\n").unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "the first event waited: {:?}",
        begun.elapsed()
    );
    let _ = connection.read_until(b"data: two\n\n").unwrap();
    assert!(begun.elapsed() >= pause);
    let _ = connection.read_until(b"0\r\n\r\n").unwrap();
}

#[test]
fn an_upgrade_that_the_application_declines_goes_on_as_http() {
    let (upstream, gate) = start(Answer::ok("no socket here"), "");
    let mut connection = Connection::open(gate.address()).unwrap();
    for _ in 0..3 {
        connection.write(HANDSHAKE.as_bytes()).unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "no socket here"));
    }
    assert_eq!(upstream.requests().len(), 3);
}

#[test]
fn what_follows_a_declined_upgrade_is_filtered_like_any_request() {
    let (upstream, gate) = start(Answer::ok("no"), "[[routes]]\npath = \"/hidden\"\ndeny = true\n");
    let smuggled =
        "POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = format!("{HANDSHAKE}{HIDDEN}{smuggled}{HIDDEN}");
    let answer = wire::send_raw(gate.address(), bytes.as_bytes());
    assert_eq!(answer.statuses(), [200, 403, 400], "{}", answer.text());
    let targets: Vec<_> = upstream.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets, ["/ws"]);
    assert!(upstream.faults().is_empty(), "{:?}", upstream.faults());
}

#[test]
fn bytes_before_the_101_reach_the_socket_as_bytes_and_never_as_a_request() {
    let (upstream, gate) = start(Answer::WebSocketEcho.after(Duration::from_millis(300)), "");
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(format!("{HANDSHAKE}{HIDDEN}").as_bytes()).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 101);
    let echoed = connection.read_exact(HIDDEN.len()).unwrap();
    assert_eq!(String::from_utf8(echoed).unwrap(), HIDDEN);
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn other_protocols_are_not_negotiated() {
    let (upstream, gate) = start(Answer::ok("plain"), "");
    for lines in [
        "Connection: Upgrade\r\nUpgrade: foo",
        "Connection: Upgrade\r\nUpgrade: TLS/1.2",
        "Upgrade: websocket",
        "Connection: keep-alive\r\nUpgrade: websocket",
    ] {
        upstream.clear();
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n");
        assert_eq!(wire::send_raw(gate.address(), request.as_bytes()).statuses(), [200], "{lines}");
        let request = upstream.requests().pop().unwrap();
        assert!(request.header("upgrade").is_none(), "{lines}: {}", request.head());
    }
    let post = HANDSHAKE.replace("GET", "POST");
    assert_eq!(wire::send_raw(gate.address(), post.as_bytes()).statuses(), [200]);
    assert!(upstream.requests().pop().unwrap().header("upgrade").is_none());
}

#[test]
fn a_switch_that_nobody_asked_for_is_no_answer() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";
    let (_upstream, gate) = start(Answer::Raw(switch.into()), "");
    for lines in ["", "Connection: Upgrade\r\nUpgrade: foo\r\n"] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        assert_eq!(answer.statuses(), [502], "{}", answer.text());
        assert_refused(&gate, &answer.responses()[0], (502, "upstream-invalid"), lines);
    }
}

#[test]
fn over_the_most_upgraded_connections_further_ones_are_refused() {
    let (_upstream, gate) =
        start(Answer::WebSocketEcho, "[server]\nmax_upgraded_connections = 1\n");
    let (first, response) = shake_hands(&gate);
    assert_eq!(response.status, 101);
    let (_second, response) = shake_hands(&gate);
    assert_refused(&gate, &response, (503, "too-many-connections"), "the second");
    let metric = "mantlet_limit_reached_total{limit=\"server.max_upgraded_connections\"} 1";
    assert!(gate.metrics().contains(metric), "{}", gate.metrics());
    drop(first);
    let is_free = || (shake_hands(&gate).1.status == 101).then_some(());
    mantlet_testkit::poll_until(PATIENCE, is_free).expect("one ended, so there is room");
}

#[test]
fn a_silent_websocket_is_closed_and_a_lively_one_is_not() {
    let (_upstream, gate) = start(Answer::WebSocketEcho, "[upstream]\nidle_timeout = \"700ms\"\n");
    let (mut lively, _) = shake_hands(&gate);
    let (mut silent, _) = shake_hands(&gate);
    for _ in 0..10 {
        lively.write(&frame(b"x")).unwrap();
        let _ = lively.read_exact(frame(b"x").len()).unwrap();
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(silent.is_closed_within(Duration::from_millis(500)), "silent for 2 s");
    lively.write(&frame(b"y")).unwrap();
    let _ = lively.read_exact(frame(b"y").len()).unwrap();
}

#[test]
fn handshakes_that_wait_for_the_application_count_already() {
    let (upstream, gate) =
        start(Answer::Silence, "[server]\nworkers = 1\nmax_upgraded_connections = 1\n");
    let mut waiting = Connection::open(gate.address()).unwrap();
    waiting.write(HANDSHAKE.as_bytes()).unwrap();
    assert_eq!(upstream.wait_for(1, PATIENCE).len(), 1);
    let (_refused, response) = shake_hands(&gate);
    assert_eq!((response.status, &response.json()["code"]), (503, &"too-many-connections".into()));
}
