//! Connections that leave HTTP; what happens on them after that is in `websocket/`.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;

use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, Frame, Response, WebSocket};
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

#[test]
fn a_websocket_passes_both_ways() {
    let (upstream, gate) = start(Answer::WebSocketEcho, "");
    let origin = format!("http://{}", gate.address());
    let mut socket = WebSocket::open(gate.address(), "/ws", &[("Origin", &origin)]).unwrap();
    let response = &socket.response;
    assert_eq!(response.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(
        response.header("upgrade").map(str::to_ascii_lowercase).as_deref(),
        Some("websocket")
    );
    assert!(response.headers.contains("x-request-id"), "{response:?}");
    for size in [0, 5, 125, 126, 70_000] {
        for frame in [Frame::binary(vec![b'x'; size]), Frame::new(0x81, vec![b'x'; size])] {
            socket.send(&frame).unwrap();
            assert!(socket.read().unwrap() == frame.unmasked(), "a frame of {size} bytes");
        }
    }
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.header("origin"), Some(&*origin));
    assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(request.header("sec-websocket-key"), Some("dGhlIHNhbXBsZSBub25jZQ=="));
}

#[test]
fn a_message_of_a_megabyte_passes() {
    let (_upstream, gate) = start(Answer::WebSocketEcho, "");
    let mut socket = WebSocket::open(gate.address(), "/ws", &[]).unwrap();
    for first in [0x82, 0x81] {
        let sent = Frame::new(first, vec![b'y'; 1_000_000]);
        socket.send(&sent).unwrap();
        assert!(socket.read().unwrap() == sent.unmasked());
    }
}

#[test]
fn when_either_side_ends_a_websocket_the_other_learns_it() {
    let (upstream, gate) = start(Answer::WebSocketEcho, "");
    let socket = WebSocket::open(gate.address(), "/ws", &[]).unwrap();
    drop(socket);
    let is_gone = || (upstream.open_connections() == 0).then_some(());
    mantlet_testkit::poll_until(PATIENCE, is_gone).expect("the application's side is closed");
    let told = Frame::parse_all(&upstream.requests()[0].body);
    assert_eq!(told.last().and_then(Frame::close_code), Some(1001), "{told:?}");
    let mut socket = WebSocket::open(gate.address(), "/ws", &[]).unwrap();
    drop(upstream);
    assert_eq!(socket.read_close().unwrap(), Some(1011));
    assert!(socket.connection.is_closed_within(PATIENCE));
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
fn bytes_before_the_101_are_frames_and_never_a_request() {
    let (upstream, gate) = start(Answer::WebSocketEcho.after(Duration::from_millis(300)), "");
    let mut connection = Connection::open(gate.address()).unwrap();
    let early = Frame::text("early");
    connection.write(&[HANDSHAKE.as_bytes(), &early.bytes()].concat()).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 101);
    assert_eq!(connection.read_frame().unwrap(), early.unmasked());
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(format!("{HANDSHAKE}{HIDDEN}").as_bytes()).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 101);
    assert_eq!(connection.read_frame().unwrap().close_code(), Some(1002));
    assert_eq!(upstream.requests().len(), 2);
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
fn handshakes_that_wait_for_the_application_count_already() {
    let (upstream, gate) =
        start(Answer::Silence, "[server]\nworkers = 1\nmax_upgraded_connections = 1\n");
    let mut waiting = Connection::open(gate.address()).unwrap();
    waiting.write(HANDSHAKE.as_bytes()).unwrap();
    assert_eq!(upstream.wait_for(1, PATIENCE).len(), 1);
    let (_refused, response) = shake_hands(&gate);
    assert_eq!((response.status, &response.json()["code"]), (503, &"too-many-connections".into()));
}
