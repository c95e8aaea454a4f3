//! Request lines, header lines and hosts.

use mantlet_testkit::wire::{self, Response};

use crate::common::PATIENCE;
use crate::{
    EXPECTATION, FRAMING, HIDDEN, HOST, MALFORMED, METHOD, TARGET, assert_all_refused, post, start,
};

#[test]
fn what_is_no_clean_http_1_head_is_refused() {
    let get = |rest: &str| format!("GET {rest}");
    let many: String = (0..120).map(|n| format!("X-{n}: 1\r\n")).collect();
    let a = |count| "a".repeat(count);
    assert_all_refused(&[
        ("bare LF", get("/ HTTP/1.1\nHost: a\n\n"), MALFORMED),
        ("bare LF in the middle", get("/ HTTP/1.1\r\nHost: a\nX: y\r\n\r\n"), MALFORMED),
        ("obsolete fold", get("/ HTTP/1.1\r\nHost: a\r\nX: y\r\n\tz\r\n\r\n"), MALFORMED),
        ("space before colon", get("/ HTTP/1.1\r\nHost : a\r\n\r\n"), MALFORMED),
        ("NUL in a value", get("/ HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), MALFORMED),
        ("escape in a value", get("/ HTTP/1.1\r\nHost: a\r\nX: \u{1b}[2J\r\n\r\n"), MALFORMED),
        ("HTTP/0.9", get("/\r\n\r\n"), MALFORMED),
        ("version 2.0", get("/ HTTP/2.0\r\nHost: a\r\n\r\n"), MALFORMED),
        ("version 1.2", get("/ HTTP/1.2\r\nHost: a\r\n\r\n"), MALFORMED),
        ("lower-case version", get("/ http/1.1\r\nHost: a\r\n\r\n"), MALFORMED),
        ("two spaces", get(" / HTTP/1.1\r\nHost: a\r\n\r\n"), MALFORMED),
        ("a space in the target", get("/a b HTTP/1.1\r\nHost: a\r\n\r\n"), MALFORMED),
        ("a method with a slash", "G/T / HTTP/1.1\r\nHost: a\r\n\r\n".into(), MALFORMED),
        ("a method in small letters", "delete / HTTP/1.1\r\nHost: a\r\n\r\n".into(), MALFORMED),
        ("a method of nothing", " / HTTP/1.1\r\nHost: a\r\n\r\n".into(), MALFORMED),
        ("TLS on the plain port", "\u{16}\u{3}\u{1}\u{2}\r\n\r\n".into(), MALFORMED),
        (
            "two content types",
            post(
                "Content-Type: a/b\r\nContent-Type: a/c\r\nContent-Length: 1\r\nConnection: close",
                "a",
            ),
            MALFORMED,
        ),
        (
            "two authorizations",
            get(
                "/ HTTP/1.1\r\nHost: a\r\nAuthorization: Basic a\r\nauthorization: Basic b\r\nConnection: close\r\n\r\n",
            ),
            MALFORMED,
        ),
        (
            "a GET with a chunked body",
            get("/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            FRAMING,
        ),
        ("another expectation", post("Expect: 200-maybe\r\nContent-Length: 1", "a"), EXPECTATION),
        (
            "a large head",
            get(&format!("/ HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", a(70_000))),
            (431, "head-too-large"),
        ),
        (
            "a large head without end",
            get(&format!("/ HTTP/1.1\r\nHost: a\r\nX: {}", a(70_000))),
            (431, "head-too-large"),
        ),
        (
            "too many headers",
            get(&format!("/ HTTP/1.1\r\nHost: a\r\n{many}\r\n")),
            (431, "head-too-large"),
        ),
        (
            "a long target",
            get(&format!("/{} HTTP/1.1\r\nHost: a\r\n\r\n", a(9000))),
            (414, "uri-too-long"),
        ),
    ]);
}

#[test]
fn what_would_leave_http_or_reflect_a_request_is_refused() {
    let get = |rest: &str| format!("GET {rest}");
    assert_all_refused(&[
        (
            "an upgrade with a body",
            get(
                "/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nabcde",
            ),
            FRAMING,
        ),
        ("TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".into(), METHOD),
        (
            "CONNECT",
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n\r\n".into(),
            METHOD,
        ),
        (
            "CONNECT in absolute form",
            "CONNECT http://a/ HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            TARGET,
        ),
        ("CONNECT to a path", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n".into(), TARGET),
        ("asterisk without OPTIONS", get("* HTTP/1.1\r\nHost: a\r\n\r\n"), TARGET),
    ]);
}

#[test]
fn a_host_that_is_missing_doubled_or_doubtful_is_refused() {
    let mut cases = vec![
        ("no Host", "GET / HTTP/1.1\r\n\r\n".to_owned(), HOST),
        ("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".to_owned(), HOST),
        ("another Host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), HOST),
        ("another port", "GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), HOST),
        ("a user in the target", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n".to_owned(), TARGET),
        ("a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), TARGET),
        ("a scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), TARGET),
        ("no slash", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), TARGET),
    ];
    for host in [
        "",
        "a@evil",
        "a, b",
        "a b",
        "a/b",
        "a#b",
        "a?b",
        "a\\b",
        "[::1",
        "[::1]x",
        "[a]",
        "[1.2.3.4]",
        "a:b",
        "a:",
        "a:99999",
        "a:80:80",
        "a%00b",
        "\u{e9}",
        "a;b",
        "http://a",
        ".",
        "a..b",
        "a:+80",
        "a\tb",
    ] {
        cases.push((
            host,
            format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
            HOST,
        ));
    }
    for second in ["a", "b", ""] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nhost: {second}\r\n\r\n");
        cases.push(("two Hosts", request, HOST));
    }
    assert_all_refused(&cases);
}

#[test]
fn after_a_good_request_a_bad_one_ends_the_connection_and_nothing_behind_it_counts() {
    let (upstream, gate) = start();
    let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
    for bad in [
        "GET /bad HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".to_owned(),
        post("Content-Length: 6\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        post("Content-Length: 1\r\nContent-Length: 2", "a"),
        "GET /bad HTTP/1.1\r\n\r\n".to_owned(),
        "SSH-2.0-x\r\n".to_owned(),
    ] {
        upstream.clear();
        let bytes = format!("{good}{good}{bad}{HIDDEN}{good}");
        let answer = wire::send_raw(gate.address(), bytes.as_bytes());
        assert_eq!(answer.statuses(), [200, 200, 400], "{bad:?}: {}", answer.text());
        let last: Response = answer.responses().pop().unwrap();
        let id = last.header("x-request-id").unwrap();
        let event = gate.wait_for_refusal(id, PATIENCE);
        assert_eq!(event["guard"], "hygiene", "{event:#}");
        let targets: Vec<_> =
            upstream.requests().into_iter().map(|request| request.target).collect();
        assert_eq!(targets, ["/good", "/good"], "{bad:?}");
        assert!(upstream.faults().is_empty(), "{bad:?}: {:?}", upstream.faults());
    }
}
