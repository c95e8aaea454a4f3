//! Who may open a WebSocket, and with what words.

use mantlet_testkit::wire::{self, Frame, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use super::common::assert_refused;
use super::{behind, echo, open, try_open};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

#[test]
fn a_handshake_is_exact_or_refused() {
    let (upstream, gate) = echo("");
    for (lines, status, reason) in [
        (format!("Sec-WebSocket-Key: {KEY}"), 426, "websocket-version"),
        (format!("Sec-WebSocket-Version: 8\r\nSec-WebSocket-Key: {KEY}"), 426, "websocket-version"),
        (
            format!("Sec-WebSocket-Version: 13, 13\r\nSec-WebSocket-Key: {KEY}"),
            426,
            "websocket-version",
        ),
        ("Sec-WebSocket-Version: 13".into(), 400, "websocket-handshake"),
        (
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short".into(),
            400,
            "websocket-handshake",
        ),
        (
            format!(
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Protocol: a, a"
            ),
            400,
            "websocket-handshake",
        ),
    ] {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{lines}\r\n\r\nx"
        );
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        let response = &answer.responses()[0];
        assert_refused(&gate, response, (status, reason), &lines);
        if status == 426 {
            assert_eq!(response.header("sec-websocket-version"), Some("13"));
        }
    }
    let with_body = format!(
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\nContent-Length: 1\r\n\r\nx"
    );
    assert_eq!(wire::send_raw(gate.address(), with_body.as_bytes()).statuses(), [400]);
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
}

#[test]
fn an_answer_that_is_no_agreement_is_not_passed_on() {
    let head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
    for (lines, about) in [
        ("", "no accept"),
        ("Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n", "another accept"),
    ] {
        let answer = Answer::Raw(format!("{head}{lines}\r\n").into());
        let (_upstream, gate) = behind(answer, "");
        let refused = try_open(&gate, &[]).unwrap_err();
        assert_refused(&gate, &refused, (502, "upstream-invalid"), about);
    }
    for (protocol, is_fine) in [("chat", true), ("other", false), ("chat, superchat", false)] {
        let headers = vec![("Sec-WebSocket-Protocol".to_owned(), protocol.to_owned())];
        let (_upstream, gate) = behind(Answer::WebSocket { headers, first: Vec::new() }, "");
        let opened = try_open(&gate, &[("Sec-WebSocket-Protocol", "superchat, chat")]);
        assert_eq!(opened.is_ok(), is_fine, "{protocol}");
    }
}

fn status(gate: &MantletProcess, host: &str, origin: Option<&str>) -> u16 {
    let mut headers = vec![("Host", host)];
    headers.extend(origin.map(|origin| ("Origin", origin)));
    match try_open(gate, &headers) {
        Ok(_) => 101,
        Err(response) => response.status,
    }
}

// covers: ELITE-D01 (binary)
#[test]
fn elite_d01_a_page_of_another_origin_opens_no_websocket() {
    let (upstream, gate) = echo("");
    for (host, origin, expected) in [
        ("app.example", Some("http://app.example"), 101),
        ("app.example", Some("https://app.example"), 403),
        ("app.example:8080", Some("http://app.example:8080"), 101),
        ("APP.example", Some("http://app.EXAMPLE"), 101),
        ("[::1]:8080", Some("http://[::1]:8080"), 101),
        ("app.example", None, 101),
        ("app.example", Some("http://evil.example"), 403),
        ("app.example", Some("http://app.example.evil.example"), 403),
        ("app.example", Some("http://evil-app.example"), 403),
        ("app.example", Some("http://app.example:8080"), 403),
        ("app.example:8080", Some("http://app.example"), 403),
        ("app.example", Some("null"), 403),
        ("app.example", Some(""), 403),
        ("app.example", Some("http://app.example, http://evil.example"), 403),
        ("app.example", Some("http://user@app.example"), 403),
    ] {
        upstream.clear();
        assert_eq!(status(&gate, host, origin), expected, "{origin:?} at {host}");
        assert_eq!(upstream.is_untouched(), expected != 101, "{origin:?} at {host}");
    }
    // Two look at it: the guard against forged requests, and the WebSocket's own rules.
    let headers = [("Host", "app.example"), ("Origin", "http://evil.example")];
    let unguarded = "[[routes]]\npath = \"/ws\"\n[routes.guards.csrf]\ndangerous_mode = \"off\"\nwhy = \"a test\"\n";
    let (_upstream, second) = echo(unguarded);
    for (gate, reason) in [(&gate, "cross-site-request"), (&second, "websocket-origin")] {
        let refused = try_open(gate, &headers).unwrap_err();
        let event = assert_refused(gate, &refused, (403, reason), "a foreign page");
        assert!(event["evidence"].as_str().unwrap().contains("http://evil.example"), "{event:#}");
    }
}

#[test]
fn listed_origins_are_the_only_ones() {
    let config = "[websocket]\norigins = [\"https://app.example\", \"http://localhost:3000\"]\nwithout_origin = false\n[[routes]]\npath = \"/open\"\n[routes.websocket]\ndangerous_any_origin = true\n";
    let (_upstream, gate) = echo(config);
    for (origin, expected) in [
        (Some("https://app.example"), 101),
        (Some("https://app.example:443"), 101),
        (Some("http://localhost:3000"), 101),
        (Some("http://app.example"), 403),
        (Some("http://gate"), 403),
        (None, 403),
    ] {
        assert_eq!(status(&gate, "gate", origin), expected, "{origin:?}");
    }
    let anyone = [("Origin", "https://evil.example")];
    assert!(WebSocket::open(gate.address(), "/open", &anyone).is_ok());
}

// covers: ELITE-D01 (binary)
#[test]
fn elite_d01_a_name_that_suddenly_points_here_opens_no_websocket() {
    let (upstream, gate) =
        echo("[websocket]\nhosts = [\"localhost\", \"*.app.example\", \"[::1]\"]\n");
    for (host, expected) in [
        ("localhost:8080", 101),
        ("one.app.example", 101),
        ("[::1]:8080", 101),
        ("evil.example:8080", 403),
        ("app.example.evil.example", 403),
        ("127.0.0.1", 403),
    ] {
        // The rebound page is of the same origin as the name it was loaded from.
        let origin = format!("http://{host}");
        assert_eq!(status(&gate, host, Some(&origin)), expected, "{host}");
    }
    assert_eq!(upstream.requests().len(), 3);
    let refused = try_open(&gate, &[("Host", "evil.example")]).unwrap_err();
    assert_refused(&gate, &refused, (403, "websocket-host"), "a rebound name");
}

#[test]
fn a_server_of_http_2_without_tls_is_asked_for_websockets_in_http_1() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let config = format!(
        "[[routes]]\npath = \"/*\"\nupstream = [{:?}]\n",
        upstream.url().replacen("http://", "h2c://", 1)
    );
    let gate = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).config(&config).start();
    let mut socket = open(&gate);
    socket.send(&Frame::text("hello")).unwrap();
    assert_eq!(socket.read().unwrap().payload, b"hello", "{}", gate.story());
}
