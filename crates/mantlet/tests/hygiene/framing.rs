//! Where a request ends.

use mantlet_testkit::FakeUpstream;
use mantlet_testkit::wire;

use crate::common::assert_refused;
use crate::{FRAMING, HIDDEN, MALFORMED, assert_all_refused, post, start};

// covers: ETSM-06 (binary)
#[test]
fn two_statements_of_the_body_length_are_refused() {
    let both = "Content-Length: 6\r\nTransfer-Encoding: chunked";
    let turned = "Transfer-Encoding: chunked\r\nContent-Length: 6";
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    let mut cases = vec![
        ("CL.TE", post(both, &chunked), FRAMING),
        ("TE.CL", post(turned, &chunked), FRAMING),
        ("CL.0", post("Content-Length: 0\r\nTransfer-Encoding: chunked", &chunked), FRAMING),
        (
            "HTTP/1.0 with chunks",
            format!("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}"),
            FRAMING,
        ),
    ];
    for lengths in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nContent-Length: 5",
        "Content-Length: 5, 5",
        "Content-Length: 5,6",
        "Content-Length: +5",
        "Content-Length: -5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length: 5.0",
        "Content-Length: 5e0",
        "Content-Length: \"5\"",
        "Content-Length:",
        "Content-Length: 18446744073709551617",
        "Content-Length: 99999999999999999999999999999",
        "Content-Length: \u{664}",
        "content-length: 5\r\nCONTENT-LENGTH: 4",
    ] {
        cases.push((lengths, post(lengths, "abcdef"), FRAMING));
    }
    assert_all_refused(&cases);
}

#[test]
fn every_disguise_of_transfer_encoding_is_refused() {
    let mut cases = Vec::new();
    for (lines, expected) in [
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", FRAMING),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", FRAMING),
        ("Transfer-Encoding: chunked, chunked", FRAMING),
        ("Transfer-Encoding: gzip, chunked", FRAMING),
        ("Transfer-Encoding: chunked, identity", FRAMING),
        ("Transfer-Encoding: identity", FRAMING),
        ("Transfer-Encoding: xchunked", FRAMING),
        ("Transfer-Encoding: chunkedx", FRAMING),
        ("Transfer-Encoding: \"chunked\"", FRAMING),
        ("Transfer-Encoding: 'chunked'", FRAMING),
        ("Transfer-Encoding: chunked;q=1", FRAMING),
        ("Transfer-Encoding: ,chunked", FRAMING),
        ("Transfer-Encoding: chunked,", FRAMING),
        ("Transfer-Encoding:", FRAMING),
        ("Transfer-Encoding : chunked", MALFORMED),
        ("Transfer-Encoding\t: chunked", MALFORMED),
        (" Transfer-Encoding: chunked", MALFORMED),
        ("X: y\r\n Transfer-Encoding: chunked", MALFORMED),
        ("Transfer-Encoding:\r\n chunked", FRAMING),
        ("Transfer-Encoding: \u{b}chunked", MALFORMED),
        ("Transfer-Encoding: chunked\u{0}", MALFORMED),
        ("Transfer-Encoding\u{0}: chunked", MALFORMED),
        ("X: y\rTransfer-Encoding: chunked", MALFORMED),
        ("X: y\nTransfer-Encoding: chunked", MALFORMED),
        ("Transfer-Encoding chunked", MALFORMED),
        (": chunked", MALFORMED),
        ("Transfer\u{e9}Encoding: chunked", MALFORMED),
        ("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked", MALFORMED),
        ("Connection: Content-Length\r\nContent-Length: 5", MALFORMED),
        ("Connection: Host", MALFORMED),
    ] {
        cases.push((lines, post(lines, &format!("0\r\n\r\n{HIDDEN}")), expected));
    }
    assert_all_refused(&cases);
}

/// Whether the application has been given all of some request.
fn has_whole_request(upstream: &FakeUpstream) -> bool {
    upstream.requests().iter().any(|request| request.is_complete)
}

#[test]
fn a_body_that_is_not_cleanly_chunked_is_never_a_whole_request() {
    let (upstream, gate) = start();
    for kind in ["text/plain", "application/json"] {
        for body in [
            "5;ext=1\r\nhello\r\n0\r\n\r\n",
            "5;\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "-1\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n",
            "5\r\nhello0\r\n\r\n",
            "g\r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            "00000000000000005\r\nhello\r\n0\r\n\r\n",
            "5\r\nhello\r\n0\r\nX : trailer\r\n\r\n",
            "5\r\nhello\r\n0\r\nX: a\r\n folded\r\n\r\n",
            "5\r\nhello\r\n0\r\ntrailer\r\n\r\n",
            "5\r\nhello\r\n0\r\n\n",
        ] {
            upstream.clear();
            let lines = format!("Transfer-Encoding: chunked\r\nContent-Type: {kind}");
            let is_bare_line = body.starts_with("5\n") || body.ends_with("\n\n");
            let expected = if is_bare_line { MALFORMED } else { FRAMING };
            let request = post(&lines, &format!("{body}{HIDDEN}"));
            let answer = wire::send_raw(gate.address(), request.as_bytes());
            let responses = answer.responses();
            assert_eq!(answer.statuses(), [400], "{kind} {body:?}: {}", answer.text());
            assert_refused(&gate, &responses[0], expected, body);
            assert!(!has_whole_request(&upstream), "{kind} {body:?}: {:?}", upstream.requests());
            assert!(upstream.requests().iter().all(|request| request.target == "/"), "{body:?}");
        }
    }
}

#[test]
fn trailers_of_a_request_are_read_and_reach_nobody() {
    let (upstream, gate) = start();
    let trailers = "X-Forwarded-User: admin\r\nContent-Length: 100\r\nX-Note: x\r\n";
    let request = post(
        "Transfer-Encoding: chunked\r\nTrailer: X-Note",
        &format!("5\r\nhello\r\n0\r\n{trailers}\r\n"),
    );
    let stream = format!("{request}GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    let answer = wire::send_raw(gate.address(), stream.as_bytes());
    assert_eq!(answer.statuses(), [200, 200], "{}", answer.text());
    let seen = upstream.requests();
    assert_eq!((seen[0].text(), seen[1].target.as_str()), ("hello".into(), "/next"));
    for request in &seen {
        let head = request.head().to_ascii_lowercase();
        assert!(!head.contains("admin") && !head.contains("x-note"), "{head}");
    }
    assert!(upstream.faults().is_empty(), "{:?}", upstream.faults());
}
