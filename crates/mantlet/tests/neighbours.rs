//! nginx, HAProxy and Caddy in front of the gate and behind it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, Proxy, ProxyKind, lacking, left_out, poll_until,
};

use common::{PATIENCE, assert_refused, gate};

const TRUSTING: &str = "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n";
const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// "hello" in a masked text frame, the mask being zeros.
const FRAME: [u8; 11] = [0x81, 0x85, 0, 0, 0, 0, b'h', b'e', b'l', b'l', b'o'];

/// An application with one path for each way of answering.
fn application() -> FakeUpstream {
    FakeUpstream::start(|request| match request.target.as_str() {
        "/ws" => Answer::WebSocketEcho,
        "/events" => Answer::events(&["one", "two"], Duration::from_secs(6)),
        "/large" => Answer::of(200, "application/octet-stream", vec![b'x'; 3_000_000]),
        "/chunks" => Answer::chunked(&["a", "b", "c"], Duration::ZERO),
        "/none" => Answer::status(204),
        "/same" => Answer::status(304),
        "/gone" => Answer::of(404, "text/plain", "no"),
        "/hangup" => Answer::Hangup,
        _ => Answer::Echo,
    })
}

fn each(suite: &str, mut test: impl FnMut(ProxyKind)) {
    for kind in [ProxyKind::Nginx, ProxyKind::Haproxy, ProxyKind::Caddy] {
        match lacking(&[kind.program()]).as_slice() {
            [] => test(kind),
            missing => left_out(suite, &format!("{} is not installed", missing.join(", "))),
        }
    }
}

/// Everything that a proxy has to let through, asked of `address`.
fn assert_passes_everything(address: SocketAddr, about: &str) {
    let echo = wire::get(address, "/a%20b/?c=%20d", &[("X-Own", "1")]);
    assert_eq!((echo.status, &echo.json()["target"]), (200, &"/a%20b/?c=%20d".into()), "{about}");
    let body = vec![b'y'; 900_000];
    let echo = wire::request(address, "POST", "/upload", &[], &body);
    assert_eq!(echo.json()["body"].as_str().unwrap().len(), body.len(), "{about}");
    let chunked = "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    let answer = wire::send_raw(address, chunked.as_bytes());
    assert_eq!(answer.responses()[0].json()["body"], "hello world", "{about}");
    for (path, status, body) in
        [("/chunks", 200, "abc"), ("/none", 204, ""), ("/same", 304, ""), ("/gone", 404, "no")]
    {
        let answer = wire::get(address, path, &[]);
        assert_eq!((answer.status, answer.text().as_str()), (status, body), "{about} {path}");
    }
    assert_eq!(wire::get(address, "/large", &[]).body.len(), 3_000_000, "{about}");
    let head = wire::request(address, "HEAD", "/large", &[], b"");
    assert_eq!((head.status, head.body.len()), (200, 0), "{about}");
    assert_eq!(wire::get(address, "/hangup", &[]).status, 502, "{about}");
    assert_streams(address, about);
}

/// Events arrive while the answer goes on, and frames come back.
fn assert_streams(address: SocketAddr, about: &str) {
    let begun = Instant::now();
    let mut connection = Connection::open(address).unwrap();
    connection.write(&wire::render(address, "GET", "/events", &[], b"")).unwrap();
    let _ = connection.read_until(b"data: one\n\n").unwrap();
    assert!(begun.elapsed() < Duration::from_millis(5900), "{about}: {:?}", begun.elapsed());
    let mut socket = Connection::open(address).unwrap();
    socket.write(HANDSHAKE.as_bytes()).unwrap();
    assert_eq!(socket.read_response().unwrap().status, 101, "{about}");
    socket.write(&FRAME).unwrap();
    let head = socket.read_exact(2).unwrap();
    assert_eq!((head[0], head[1] & 0x7f), (0x81, 5), "{about}");
}

// covers: ELITE-04 (binary)
#[test]
fn behind_another_proxy_everything_passes_and_the_client_is_known() {
    each("behind another proxy", |kind| {
        let (upstream, about) = (application(), format!("behind {kind:?}"));
        let gate = gate(&upstream, TRUSTING);
        let front: Proxy = kind.start(gate.address());
        assert_passes_everything(front.address(), &about);
        upstream.clear();
        let mut client = Connection::open_from([127, 0, 0, 7].into(), front.address()).unwrap();
        let claims = [("X-Forwarded-For", "6.6.6.6"), ("X-Real-IP", "6.6.6.6")];
        client.write(&wire::render(front.address(), "GET", "/who", &claims, b"")).unwrap();
        assert_eq!(client.read_response().unwrap().status, 200, "{about}");
        let request = upstream.requests().pop().unwrap();
        assert_eq!(request.header("x-forwarded-for"), Some("127.0.0.7"), "{about}");
        assert_eq!(request.header("x-real-ip"), Some("127.0.0.7"), "{about}");
    });
}

#[test]
fn in_front_of_another_proxy_everything_passes_on_kept_connections() {
    each("in front of another proxy", |kind| {
        let (upstream, about) = (application(), format!("in front of {kind:?}"));
        let behind = kind.start(upstream.address());
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let gate = builder.upstream(&behind.url()).start();
        assert_passes_everything(gate.address(), &about);
        drop(behind);
        let is_bad = || Some(wire::get(gate.address(), "/", &[])).filter(|one| one.status == 502);
        let bad = poll_until(PATIENCE, is_bad).unwrap();
        assert_refused(&gate, &bad, (502, "upstream-unreachable"), &about);
    });
}
