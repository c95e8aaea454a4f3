//! Requests that are rare and right: they work.

use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use crate::common::{PATIENCE, gate};

fn echo() -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::Echo);
    let gate = gate(&upstream, "");
    (upstream, gate)
}

#[test]
fn a_client_that_expects_100_gets_it_before_it_sends_its_body() {
    let (upstream, gate) = echo();
    for kind in ["text/plain", "application/json"] {
        let mut connection = Connection::open(gate.address()).unwrap();
        let head = format!(
            "POST /{kind} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        );
        connection.write(head.as_bytes()).unwrap();
        let interim = connection.read_until(b"\r\n\r\n").unwrap();
        assert!(interim.starts_with(b"HTTP/1.1 100"), "{:?}", String::from_utf8_lossy(&interim));
        connection.write(b"[42]").unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!((response.status, response.interim.len()), (200, 0), "{response:?}");
        assert_eq!(response.json()["body"], "[42]");
    }
    assert!(upstream.requests().iter().all(|request| request.header("expect").is_none()));
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let (_upstream, gate) = echo();
    let bytes: String = ["one", "two", "three"]
        .map(|body| {
            format!(
                "POST /{body} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        })
        .concat();
    let answer = wire::send_raw(gate.address(), bytes.as_bytes());
    let bodies: Vec<_> =
        answer.responses().iter().map(|response| response.json()["body"].clone()).collect();
    assert_eq!(bodies, ["one", "two", "three"]);
}

#[test]
fn rare_but_right_requests_come_through() {
    let (upstream, gate) = echo();
    let cookie = format!("Cookie: {}", "c".repeat(60_000));
    for (request, line) in [
        ("GET /?q=%ff&r=\u{e4} HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?q=%ff&r=\u{e4} HTTP/1.1"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n", "x-empty:"),
        ("GET / HTTP/1.1\r\nHost:a\r\nX-Tight:y \t\r\n\r\n", "x-tight: y"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-Text: caf\u{e9}\r\n\r\n", "x-text: caf\u{e9}"),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-Tab: a\tb\r\n\r\n", "x-tab: a\tb"),
        ("OPTIONS /x HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS /x HTTP/1.1"),
        ("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", "M-SEARCH / HTTP/1.1"),
        ("GET / HTTP/1.1\r\nHost: [0:0:0:0:0:0:0:1]:80\r\n\r\n", "host: [::1]:80"),
        ("PROPFIND / HTTP/1.1\r\nHost: a\r\nDepth: 1\r\n\r\n", "PROPFIND / HTTP/1.1"),
        ("DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "DELETE / HTTP/1.1"),
        ("GET http://a:80/x HTTP/1.1\r\nHost: A\r\n\r\n", "GET /x HTTP/1.1"),
        ("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "host: [::1]:8080"),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1"),
        (&format!("GET / HTTP/1.1\r\nHost: a\r\n{cookie}\r\n\r\n"), &cookie.to_ascii_lowercase()),
        (&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "p".repeat(8000)), "GET /pppp"),
    ] {
        upstream.clear();
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        assert_eq!(answer.statuses(), [200], "{request:.80}: {}", answer.text());
        let head = upstream.requests().pop().unwrap().head();
        let folded = head.replace("Cookie", "cookie");
        assert!(folded.contains(line), "{request:.80}: `{line:.80}` not in {head:.400}");
    }
}

#[test]
fn an_offer_of_cleartext_http_2_is_answered_in_http_1_and_goes_no_further() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    // As Java's HttpClient sends it with its first request, and in other spellings.
    let settings = "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n";
    for (line, fields, body) in [
        ("GET /", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", ""),
        ("POST /", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n", "a body"),
        ("GET /", "Connection: upgrade\r\nUpgrade: H2C/1, h2c\r\n", ""),
        ("GET /", "", ""),
    ] {
        upstream.clear();
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        let request = format!("{line} HTTP/1.1\r\nHost: a\r\n{fields}{settings}{length}\r\n{body}");
        // The connection goes on as it was: no preface, no frames.
        let answer = wire::send_raw(gate.address(), request.repeat(2).as_bytes());
        assert_eq!(answer.statuses(), [200, 200], "{request}: {}", answer.text());
        for request in upstream.requests() {
            let head = request.head().to_ascii_lowercase();
            assert!(!head.contains("upgrade") && !head.contains("http2-settings"), "{head}");
            assert_eq!(request.text(), body);
        }
        assert_eq!(upstream.requests().len(), 2);
    }
}

#[test]
fn head_is_answered_with_the_length_and_no_body() {
    let upstream = FakeUpstream::answering(Answer::ok("12345"));
    let gate = gate(&upstream, "");
    let request = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
    let answer = wire::send_raw(gate.address(), request.as_bytes());
    assert_eq!(answer.statuses(), [200, 200], "{}", answer.text());
    let lengths: Vec<_> = answer
        .responses()
        .iter()
        .map(|one| one.header("content-length").map(str::to_owned))
        .collect();
    assert_eq!(lengths, [Some("5".to_owned()), Some("5".to_owned())]);
    assert_eq!(answer.rest(), b"", "{}", answer.text());
    let refused = wire::send_raw(gate.address(), b"HEAD /..%2f HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(refused.text().ends_with("\r\n\r\n"), "no body: {}", refused.text());
    assert!(refused.text().starts_with("HTTP/1.1 400"), "{}", refused.text());
}

#[test]
fn http_1_0_works_and_is_kept_alive_when_it_asks() {
    let (_upstream, gate) = echo();
    let mut connection = Connection::open(gate.address()).unwrap();
    for _ in 0..3 {
        connection.write(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!(response.status, 200);
        assert!(!response.headers.contains("transfer-encoding"), "{response:?}");
    }
    connection.write(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);
    assert!(connection.is_closed_within(PATIENCE));
}

#[test]
fn a_chunked_answer_comes_whole_to_a_client_that_knows_no_chunks() {
    let upstream = FakeUpstream::answering(Answer::chunked(&["one", "two"], Duration::ZERO));
    let gate = gate(&upstream, "");
    let answer = wire::send_raw(gate.address(), b"GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    assert!(answer.text().ends_with("\r\n\r\nonetwo"), "{}", answer.text());
}

#[test]
fn requests_are_read_alike_however_they_are_cut_into_packets() {
    let (upstream, gate) = echo();
    let request = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0A\r\n0123456789\r\n1\r\nx\r\n000\r\n\r\n";
    for size in [1, 2, 3, 7, 16, 61] {
        let mut connection = Connection::open(gate.address()).unwrap();
        for _ in 0..2 {
            connection.write_slowly(request, size, Duration::from_millis(1)).unwrap();
            let response = connection.read_response().unwrap();
            assert_eq!(response.json()["body"], "0123456789x", "pieces of {size}");
        }
    }
    assert!(upstream.faults().is_empty(), "{:?}", upstream.faults());
}
