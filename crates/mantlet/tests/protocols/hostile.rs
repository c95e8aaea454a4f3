//! HTTP/2 that breaks the rules, or uses them to exhaust the server.

use std::time::{Duration, Instant};

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use crate::common::{assert_refused, gate};
use crate::frames::{CONTINUATION, Client, HEADERS, Outcome, RST_STREAM, block, frame};

fn start() -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    let gate = gate(&upstream, "[[routes]]\npath = \"/admin/*\"\ndeny = true\n");
    (upstream, gate)
}

type Fields<'a> = Vec<(&'a str, &'a str)>;

/// The fields of an ordinary request, with one of them changed.
fn with<'a>(name: &'a str, value: &'a str) -> Fields<'a> {
    let usual = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")];
    usual.into_iter().map(|field| if field.0 == name { (name, value) } else { field }).collect()
}

/// The fields of an ordinary request, and these.
fn and<'a>(more: &[(&'a str, &'a str)]) -> Fields<'a> {
    with(":method", "POST").into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn what_cannot_be_one_clean_http_1_request_never_becomes_one() {
    let (upstream, gate) = start();
    let chunked = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a\r\n\r\n".as_slice();
    let cases: Vec<(&str, Fields<'_>, &[u8])> = vec![
        ("connection", and(&[("connection", "keep-alive")]), b""),
        ("transfer-encoding", and(&[("transfer-encoding", "chunked")]), chunked),
        ("keep-alive", and(&[("keep-alive", "1")]), b""),
        ("proxy-connection", and(&[("proxy-connection", "x")]), b""),
        ("upgrade", and(&[("upgrade", "websocket")]), b""),
        ("te", and(&[("te", "gzip")]), b""),
        ("length too small", and(&[("content-length", "0")]), chunked),
        ("length too large", and(&[("content-length", "1000")]), b"abc"),
        ("two lengths", and(&[("content-length", "3"), ("content-length", "4")]), b"abc"),
        ("signed length", and(&[("content-length", "+3")]), b"abc"),
        ("upper-case name", and(&[("X-Upper", "1")]), b""),
        ("line break in a value", and(&[("x", "1\r\nhost: b")]), b""),
        ("bare line feed in a value", and(&[("x", "1\nhost: b")]), b""),
        ("NUL in a value", and(&[("x", "1\0")]), b""),
        ("a space before a value", and(&[("authorization", " Bearer x")]), b""),
        ("a tab behind a value", and(&[("x", "1\t")]), b""),
        ("line break in a name", and(&[("x\r\nhost", "b")]), b""),
        ("colon in a name", and(&[("x:y", "b")]), b""),
        ("empty name", and(&[("", "b")]), b""),
        ("late pseudo-header", and(&[("x", "1"), (":path", "/late")]), b""),
        ("two paths", and(&[(":path", "/two")]), b""),
        ("unknown pseudo-header", and(&[(":own", "x")]), b""),
        ("another host", and(&[("host", "b")]), b""),
        ("two hosts", and(&[("host", "a"), ("host", "a")]), b""),
        ("no path", with(":path", ""), b""),
        ("a path without slash", with(":path", "x"), b""),
        ("a space in the path", with(":path", "/ HTTP/1.1\r\nx: y"), b""),
        ("a space in the method", with(":method", "GET /hidden"), b""),
        ("a user in the authority", with(":authority", "a@b"), b""),
        ("a path in the authority", with(":authority", "a/hidden"), b""),
        ("no authority", with(":authority", ""), b""),
        ("CONNECT", with(":method", "CONNECT"), b""),
        ("TRACE", with(":method", "TRACE"), b""),
        ("a denied path", with(":path", "/x/../%61dmin"), b""),
        ("a doubtful path", with(":path", "/..%2fadmin"), b""),
    ];
    for (name, fields, body) in cases {
        let mut client = Client::open(gate.address());
        client.request(1, &fields, body);
        let outcome = client.outcome(1);
        let is_refused = match &outcome {
            Outcome::Answered(text) => text.contains("\"request_id\""),
            Outcome::Reset | Outcome::Ended => true,
            Outcome::Silence => false,
        };
        assert!(is_refused, "{name}: {outcome:?}");
        let whole = upstream.requests().into_iter().find(|request| request.is_complete);
        assert_eq!(whole, None, "{name}");
    }
    let mut client = Client::open(gate.address());
    client.request(1, &with(":path", "/fine#x"), b"");
    assert_eq!(client.outcome(1), Outcome::Answered("application".to_owned()));
    assert_eq!(upstream.requests().pop().unwrap().target, "/fine", "without the fragment");
}

#[test]
fn a_good_request_gets_one_framing_and_no_claims() {
    let (upstream, gate) = start();
    let mut client = Client::open(gate.address());
    let claims = [("x-forwarded-for", "1.2.3.4"), ("x_user_id", "1"), ("expect", "200-maybe")];
    let more = [claims.as_slice(), &[("cookie", "a=1"), ("cookie", "b=2")]].concat();
    client.request(1, &and(&more), b"body");
    assert_eq!(client.outcome(1), Outcome::Answered("application".to_owned()));
    let request = upstream.requests().pop().unwrap();
    assert_eq!(
        (request.text().as_str(), request.header("x-forwarded-for")),
        ("body", Some("127.0.0.1"))
    );
    let is_gone = |name| request.header(name).is_none();
    assert!(is_gone("x_user_id") && is_gone("expect"), "{}", request.head());
    assert_eq!(request.headers.get_all("cookie"), ["a=1; b=2"]);
    let framings = ["content-length", "transfer-encoding"];
    let count: usize = framings.iter().map(|name| request.headers.get_all(name).len()).sum();
    assert_eq!(count, 1, "{}", request.head());
}

/// Asserts that others are served as if nothing were going on.
fn assert_well(gate: &MantletProcess) {
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "took {:?}", begun.elapsed());
    assert!(!gate.stderr().contains("panic"), "{}", gate.stderr());
    let denied = wire::get(gate.address(), "/admin", &[]);
    assert_refused(gate, &denied, (403, "route-denied"), "the guards work");
}

#[test]
fn rapid_resets_end_the_connection_and_nothing_else() {
    let (upstream, gate) = start();
    let fields = block(&with(":path", "/reset"));
    let mut client = Client::open(gate.address());
    let mut is_open = true;
    for index in 0..20_000_u32 {
        let stream = index * 2 + 1;
        let mut bytes = frame(HEADERS, 5, stream, &fields);
        bytes.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
        is_open = client.write(&bytes);
        if !is_open {
            break;
        }
        if index == 1000 {
            assert_well(&gate);
        }
    }
    let last = client.outcome(u32::MAX >> 1);
    assert!(!is_open || last == Outcome::Ended, "the connection goes on: {last:?}");
    assert!(upstream.connections() < 200, "{} connections", upstream.connections());
    assert_well(&gate);
}

#[test]
fn an_idle_connection_is_ended_and_one_that_waits_for_an_answer_is_not() {
    let upstream = FakeUpstream::answering(Answer::ok("late").after(Duration::from_secs(3)));
    let gate = gate(&upstream, "[server]\nidle_timeout = \"700ms\"\n");
    let [mut unused, mut busy] = [(); 2].map(|()| Client::open(gate.address()));
    busy.request(1, &with(":path", "/"), b"");
    assert_eq!(unused.outcome(1), Outcome::Ended);
    assert_eq!(busy.outcome(1), Outcome::Answered("late".to_owned()));
    assert_eq!(busy.outcome(3), Outcome::Ended, "now it is idle too");
}

#[test]
fn a_head_without_end_is_cut_off() {
    let (upstream, gate) = start();
    let mut client = Client::open(gate.address());
    client.write(&frame(HEADERS, 1, 1, &block(&with(":path", "/x"))));
    let name = "x".repeat(100);
    let part: Vec<u8> = block(&[(name.as_str(), name.as_str())]).repeat(70);
    let mut sent = 0;
    while sent < 64 * 1024 * 1024 && client.write(&frame(CONTINUATION, 0, 1, &part)) {
        sent += part.len();
    }
    assert!(sent < 32 * 1024 * 1024, "took {sent} bytes");
    assert!(upstream.is_untouched());
    assert_well(&gate);
}

#[test]
fn a_head_over_the_limit_is_refused() {
    let (upstream, gate) = start();
    let value = "v".repeat(120);
    let names: Vec<String> = (0..600).map(|n| format!("x-{n}")).collect();
    let mut fields = with(":path", "/x");
    fields.extend(names.iter().map(|name| (name.as_str(), value.as_str())));
    let block = block(&fields);
    let mut client = Client::open(gate.address());
    let mut pieces = block.chunks(16_000).enumerate().peekable();
    while let Some((index, piece)) = pieces.next() {
        let kind = if index == 0 { HEADERS } else { CONTINUATION };
        let flags = u8::from(index == 0) | if pieces.peek().is_none() { 4 } else { 0 };
        client.write(&frame(kind, flags, 1, piece));
    }
    let outcome = client.outcome(1);
    assert!(
        outcome != Outcome::Silence && outcome != Outcome::Answered("application".to_owned()),
        "{outcome:?}"
    );
    assert!(upstream.is_untouched());
}

/// RFC 8441 is not offered, so browsers open WebSockets over HTTP/1.1; who asks all the same is
/// refused, and the other requests on the connection go on.
#[test]
fn a_websocket_over_http_2_is_refused_and_nothing_else() {
    let (upstream, gate) = start();
    let mut client = Client::open(gate.address());
    let mut fields = with(":method", "CONNECT");
    fields.push((":protocol", "websocket"));
    fields.push(("sec-websocket-version", "13"));
    client.request(1, &fields, b"");
    let outcome = client.outcome(1);
    assert!(!matches!(outcome, Outcome::Silence), "{outcome:?}");
    if let Outcome::Answered(body) = &outcome {
        assert!(body.contains("method-not-supported"), "{body}");
    }
    assert!(upstream.is_untouched());
    if outcome != Outcome::Ended {
        client.request(3, &with("", ""), b"");
        assert_eq!(client.outcome(3), Outcome::Answered("application".into()));
    }
    assert_well(&gate);
}
