//! The token of a route.

use std::time::Duration;

use mantlet_testkit::wire::{Connection, Frame, Response, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, poll_until};

use super::common::{PATIENCE, assert_refused};
use super::{assert_limit, told};

const TOKEN: &str = "k7Qz0vN4-bUe1Rt9w-ELITE";
const CONFIG: &str =
    "[[routes]]\npath = \"/ws\"\n[routes.websocket]\ntoken = \"env:DASHBOARD_TOKEN\"\n";

fn builder(upstream: &FakeUpstream, config: &str) -> mantlet_testkit::MantletBuilder {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(&format!("{CONFIG}{config}"))
}

fn start(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = builder(&upstream, config).env("DASHBOARD_TOKEN", TOKEN).start();
    (upstream, gate)
}

fn open(gate: &MantletProcess, headers: &[(&str, &str)]) -> Result<WebSocket, Response> {
    WebSocket::open(gate.address(), "/ws", headers)
}

/// What a client hears whose first message is `frame`: the error, then the close code.
fn say(gate: &MantletProcess, frame: &Frame) -> (String, Option<u16>) {
    let mut socket = open(gate, &[]).unwrap();
    socket.send(frame).unwrap();
    let error = socket.read().unwrap();
    (String::from_utf8(error.payload).unwrap(), socket.read().unwrap().close_code())
}

const UNAUTHORIZED: (&str, Option<u16>) = (r#"{"error":"Unauthorized"}"#, Some(1008));

// covers: ELITE-02, ELITE-D02 (binary)
#[test]
fn elite_d02_without_a_real_token_nothing_starts() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    for token in [None, Some(""), Some("x7Qz"), Some("changeme-changeme-changeme")] {
        let builder = builder(&upstream, "");
        let builder = match token {
            Some(token) => builder.env("DASHBOARD_TOKEN", token),
            None => builder,
        };
        let end = builder.try_start().unwrap_err();
        assert_ne!(end.code, Some(0), "{token:?}");
        assert!(end.stderr.contains("DASHBOARD_TOKEN"), "{token:?}: {}", end.stderr);
        let shown = token.filter(|token| !token.is_empty());
        assert!(shown.is_none_or(|token| !end.stderr.contains(token)), "{}", end.stderr);
    }
}

// covers: ELITE-03, ELITE-D01 (binary)
#[test]
fn elite_d01_the_token_opens_the_websocket_and_goes_no_further() {
    let (upstream, gate) = start("");
    let bearer = format!("Bearer {TOKEN}");
    let carrier = format!("bearer, chat, bearer.{TOKEN}");
    for (headers, protocol) in [
        (vec![("Authorization", &*bearer)], None),
        (vec![("Sec-WebSocket-Protocol", &*carrier)], Some("bearer")),
    ] {
        upstream.clear();
        let mut socket = open(&gate, &headers).unwrap();
        assert_eq!(socket.response.header("sec-websocket-protocol"), protocol);
        socket.send(&Frame::text("hello")).unwrap();
        assert_eq!(socket.read().unwrap(), Frame::text("hello").unmasked());
        assert_spotless(&upstream);
    }
    assert_eq!(upstream.requests()[0].header("sec-websocket-protocol"), Some("chat"));
    upstream.clear();
    let mut socket = open(&gate, &[("Sec-WebSocket-Protocol", "chat")]).unwrap();
    assert!(upstream.is_untouched(), "not even the handshake before the token");
    socket.send(&Frame::new(0x89, "are you there")).unwrap();
    assert_eq!(socket.read().unwrap(), Frame::new(0x8a, "are you there").unmasked());
    let first = format!("{{\"token\": \"{TOKEN}\"}}");
    // The next message may come at once.
    socket
        .connection
        .write(&[Frame::text(&first).bytes(), Frame::text("hi").bytes()].concat())
        .unwrap();
    // The echo does not choose the subprotocol that the client was told.
    assert_eq!(socket.read().unwrap().close_code(), Some(1011));
    upstream.clear();
    let mut socket = open(&gate, &[]).unwrap();
    socket
        .connection
        .write(&[Frame::text(&first).bytes(), Frame::text("hi").bytes()].concat())
        .unwrap();
    assert_eq!(socket.read().unwrap(), Frame::text("hi").unmasked());
    assert_spotless(&upstream);
    assert_not_logged(&gate);
}

fn assert_spotless(upstream: &FakeUpstream) {
    for request in upstream.requests() {
        assert!(!request.head().contains(TOKEN), "{}", request.head());
        let body = Frame::parse_all(&request.body);
        let is_token = |frame: &Frame| String::from_utf8_lossy(&frame.payload).contains(TOKEN);
        assert!(!body.iter().any(is_token), "{body:?}");
    }
}

fn assert_not_logged(gate: &MantletProcess) {
    for line in gate.events().into_iter().chain(gate.access()) {
        assert!(!line.to_string().contains(TOKEN), "{line:#}");
    }
}

// covers: ELITE-03, ELITE-D02, ELITE-D04 (binary)
#[test]
fn elite_d02_whatever_is_not_the_token_gets_one_answer_and_reaches_nobody() {
    let (upstream, gate) = start("token_attempts = \"100/min\"\n");
    let right = format!("{{\"token\": \"{TOKEN}\"}}");
    for (frame, evidence) in [
        (Frame::text("{}"), "no token"),
        (Frame::text(r#"{"token": null}"#), "token is no text"),
        (Frame::text(r#"{"token": true}"#), "token is no text"),
        (Frame::text(r#"{"token": ["a"]}"#), "token is no text"),
        (Frame::text(r#"{"token": ""}"#), "wrong token"),
        (Frame::text(r#"{"token": "wrong"}"#), "wrong token"),
        (Frame::text(&format!("{{\"token\": \"{TOKEN}x\"}}")), "wrong token"),
        (Frame::text(&format!("{{\"token\": \"{}\"}}", &TOKEN.replace('k', ""))), "wrong token"),
        (Frame::text("null"), "no token"),
        (Frame::text("[]"), "no token"),
        (Frame::text("not json"), "not json"),
        (Frame::text(""), "not json"),
        (Frame::text(&format!("{{\"a\":{}", "[".repeat(4000))), "not json"),
        (Frame::text(&"x".repeat(5000)), "websocket.message_limit"),
        (Frame::new(0x01, "x".repeat(5000)), "websocket.message_limit"),
        (Frame::binary(right.as_bytes()), "first message is no text"),
        (Frame::text(&right).unmasked(), "unmasked frame"),
        (Frame::new(0x81, [0xff]), "text is not utf-8"),
    ] {
        let (error, code) = say(&gate, &frame);
        assert_eq!((&*error, code), UNAUTHORIZED, "{evidence}");
        let is_recorded = |event: &serde_json::Value| {
            event["reason"] == "websocket-token" && event["evidence"] == evidence
        };
        let _ = gate.wait_for_event(is_recorded, PATIENCE);
    }
    for headers in [
        [("Authorization", "Bearer wrong")],
        [("Authorization", "Bearer ")],
        [("Sec-WebSocket-Protocol", "bearer.wrong")],
        [("Sec-WebSocket-Protocol", "bearer.")],
    ] {
        let refused = open(&gate, &headers).unwrap_err();
        assert_refused(&gate, &refused, (401, "websocket-token"), headers[0].1);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    assert_not_logged(&gate);
}

// covers: ELITE-D04 (binary)
#[test]
fn elite_d04_a_client_that_says_nothing_is_not_waited_for() {
    let (upstream, gate) = start("token_timeout = \"300ms\"\n");
    let mut silent = open(&gate, &[]).unwrap();
    assert_eq!(silent.read().unwrap().payload, UNAUTHORIZED.0.as_bytes());
    assert_eq!(silent.read_close().unwrap(), Some(1008));
    // Nor one that keeps talking without saying it.
    let mut chatty = open(&gate, &[]).unwrap();
    let ended = poll_until(PATIENCE, || {
        let is_over = chatty.send(&Frame::new(0x8a, "")).is_err();
        is_over.then_some(())
    });
    assert!(ended.is_some());
    assert!(upstream.is_untouched());
}

// covers: ELITE-D04 (binary)
#[test]
fn elite_d04_attempts_are_counted_by_address_and_end() {
    let (_upstream, gate) = start("token_attempts = \"3/h\"\n");
    let wrong = Frame::text(r#"{"token": "wrong"}"#);
    // Guesses on many connections at once count like those on one after another.
    let mut sockets: Vec<WebSocket> = (0..6).map(|_| open(&gate, &[]).unwrap()).collect();
    for socket in sockets.iter_mut().take(3) {
        socket.send(&wrong).unwrap();
        assert_eq!(socket.read_close().unwrap(), Some(1008));
    }
    let right = Frame::text(&format!("{{\"token\": \"{TOKEN}\"}}"));
    for socket in sockets.iter_mut().skip(3) {
        socket.send(&right).unwrap();
        assert_eq!(socket.read_close().unwrap(), Some(1008), "even the right one");
    }
    let bearer = format!("Bearer {TOKEN}");
    let headers: [&[(&str, &str)]; 2] = [&[], &[("Authorization", &bearer)]];
    for headers in headers {
        let refused = open(&gate, headers).unwrap_err();
        assert_refused(&gate, &refused, (429, "websocket-attempts"), "too many");
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
    }
    let other = Connection::open_from([127, 0, 0, 2].into(), gate.address()).unwrap();
    let authorized = [("Authorization", &*bearer)];
    assert!(WebSocket::over(other, gate.address(), "/ws", &authorized).is_ok());
}

#[test]
fn the_ways_to_present_it_can_be_chosen() {
    let (upstream, gate) = start("token_by = [\"header\"]\ntoken_header = \"X-Dashboard-Token\"\n");
    assert!(open(&gate, &[("X-Dashboard-Token", TOKEN)]).is_ok());
    assert_eq!(upstream.requests()[0].header("x-dashboard-token"), None);
    let bearer = format!("Bearer {TOKEN}");
    let carrier = format!("bearer.{TOKEN}");
    let headers: [&[(&str, &str)]; 3] =
        [&[], &[("Authorization", &bearer)], &[("Sec-WebSocket-Protocol", &carrier)]];
    for headers in headers {
        let refused = open(&gate, headers).unwrap_err();
        assert_refused(&gate, &refused, (401, "websocket-token"), "another way");
    }
}

#[test]
fn a_block_and_a_stop_end_clients_that_have_not_proved_anything_yet() {
    let (upstream, mut gate) = start("token_timeout = \"1m\"\n");
    let other = Connection::open_from([127, 0, 0, 3].into(), gate.address()).unwrap();
    let mut blocked = WebSocket::over(other, gate.address(), "/ws", &[]).unwrap();
    let end = gate.command(&["block", "add", "127.0.0.3"]);
    assert!(end.stdout.contains("1 running connection(s) ended"), "{end:#?}");
    assert_eq!(blocked.read_close().unwrap(), Some(1008));
    let mut waiting = open(&gate, &[]).unwrap();
    gate.signal(mantlet_testkit::Signal::TERM);
    assert_eq!(waiting.read_close().unwrap(), Some(1001));
    assert_eq!(gate.wait(PATIENCE).code, Some(0));
    assert!(upstream.is_untouched());
}

#[test]
fn an_application_that_is_not_there_is_told_after_the_token() {
    let upstream = FakeUpstream::answering(Answer::status(503));
    let gate = builder(&upstream, "").env("DASHBOARD_TOKEN", TOKEN).start();
    let mut socket = open(&gate, &[]).unwrap();
    socket.send(&Frame::text(&format!("{{\"token\": \"{TOKEN}\"}}"))).unwrap();
    assert_eq!(socket.read().unwrap().close_code(), Some(1011));
    assert_limit_untouched(&gate);
    let (upstream, gate) = start("");
    let mut socket = open(&gate, &[]).unwrap();
    socket.send(&Frame::text(&format!("{{\"token\": \"{TOKEN}\"}}"))).unwrap();
    socket.send(&Frame::new(0x83, "")).unwrap();
    assert_eq!(told(&upstream), Some(1002), "after the token the rules are the same");
}

fn assert_limit_untouched(gate: &MantletProcess) {
    std::thread::sleep(Duration::from_millis(10));
    assert!(!gate.metrics().contains("websocket.token_attempts"), "{}", gate.metrics());
}

#[test]
fn too_many_attempts_are_counted_as_a_limit() {
    let (_upstream, gate) = start("token_attempts = \"1/h\"\n");
    let _ = say(&gate, &Frame::text("{}"));
    let _ = open(&gate, &[]).unwrap_err();
    assert_limit(&gate, "websocket.token_attempts");
}

/// The guess that shares all but its last letter with the token hears what any other hears: what is
/// compared are hashes, of one length and under a key of the process.
// covers: ELITE-D03 (binary)
#[test]
fn elite_d03_an_answer_does_not_tell_how_much_of_a_guess_is_right() {
    let (upstream, gate) = start("token_attempts = \"1000/min\"\n");
    let (begun, _) = TOKEN.split_at(TOKEN.len() - 1);
    let (nearly, longer) = (format!("{begun}X"), format!("{TOKEN}X"));
    let guesses = ["x", TOKEN.split_at(1).0, begun, &nearly, &longer];
    let mut heard = Vec::new();
    for guess in guesses {
        let message = Frame::text(&format!("{{\"token\": \"{guess}\"}}"));
        assert_eq!(say(&gate, &message), (UNAUTHORIZED.0.to_owned(), UNAUTHORIZED.1), "{guess}");
        let refusal = open(&gate, &[("Authorization", &format!("Bearer {guess}"))]).unwrap_err();
        let mut problem = refusal.json();
        for own in ["instance", "request_id"] {
            problem.as_object_mut().unwrap().remove(own);
        }
        heard.push((
            refusal.status,
            refusal.header("www-authenticate").map(str::to_owned),
            problem,
        ));
    }
    assert!(heard.iter().all(|answer| answer.0 == 401 && *answer == heard[0]), "{heard:#?}");
    assert!(upstream.is_untouched());
    assert_not_logged(&gate);
}
