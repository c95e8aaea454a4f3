use http::{HeaderName, Method, Request};

use super::*;
use crate::pipeline::Denial;

fn clean(builder: http::request::Builder) -> Result<CleanRequest, Denial> {
    let (mut parts, ()) = builder.body(()).unwrap().into_parts();
    let limits = HeadLimits { size: 400, target: 40, header_count: 8 };
    HygieneStage::new(&HygieneSection::default(), limits).clean(&mut parts)
}

fn host(value: &'static str) -> Result<String, &'static str> {
    clean(Request::get("/").header("host", value))
        .map(|clean| clean.host)
        .map_err(|denial| denial.reason.code)
}

#[test]
fn a_host_has_one_spelling() {
    for (sent, expected) in [
        ("example.org", "example.org"),
        ("EXAMPLE.org.", "example.org"),
        ("example.org:8080", "example.org"),
        ("192.0.2.1:80", "192.0.2.1"),
        ("[2001:DB8::1]:8443", "[2001:db8::1]"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
        ("[2001:0db8:0::0001]:80", "[2001:db8::1]"),
        ("under_score.example", "under_score.example"),
    ] {
        assert_eq!(host(sent).as_deref(), Ok(expected), "{sent}");
    }
}

#[test]
fn a_host_that_could_be_read_two_ways_is_refused() {
    for sent in [
        "", "a@evil", "good#bad", "[::1", "[::1]x", "a b", "a:b", "a:99999", "a:0", "a:+1", "a/b",
        "a..b", "a,b", "a%2fb", ":80", "a:", "..", "a\\b",
    ] {
        assert_eq!(host(sent), Err("invalid-host"), "{sent}");
    }
}

#[test]
fn two_hosts_or_none_are_refused() {
    let two = Request::get("/").header("host", "a").header("host", "a");
    assert_eq!(clean(two).unwrap_err().reason.code, "invalid-host");
    assert_eq!(clean(Request::get("/")).unwrap_err().reason.code, "invalid-host");
}

#[test]
fn target_and_host_must_agree() {
    let differing = Request::get("http://one.example/").header("host", "two.example");
    assert_eq!(clean(differing).unwrap_err().reason.code, "invalid-host");
    let agreeing = Request::get("http://one.example/").header("host", "ONE.example:80");
    assert_eq!(clean(agreeing).unwrap().host, "one.example");
}

#[test]
fn tunnels_and_traces_are_refused() {
    for method in [Method::TRACE, Method::CONNECT] {
        let request = Request::builder().method(method).uri("http://a/").header("host", "a");
        assert_eq!(clean(request).unwrap_err().reason.code, "method-not-supported");
    }
}

#[test]
fn the_upstream_gets_the_one_spelling_of_a_host() {
    let clean = clean(Request::get("/").header("host", "[0:0:0:0:0:0:0:1]:0080")).unwrap();
    assert_eq!(clean.authority, "[::1]:80");
    assert_eq!(clean.headers["host"], "[::1]:80");
}

#[test]
fn user_information_is_not_quoted() {
    let field = Request::get("/").header("host", "SECRET@a");
    let target = Request::get("http://SECRET@a/");
    for request in [field, target] {
        let evidence = clean(request).unwrap_err().evidence.unwrap();
        assert!(!evidence.contains("SECRET") && evidence.contains("@a"), "{evidence}");
    }
}

#[test]
fn only_methods_in_capitals_pass() {
    let method = |name: &str| {
        clean(Request::builder().method(name).uri("/").header("host", "a"))
            .map(|_| ())
            .map_err(|denial| denial.reason.code)
    };
    for name in ["GET", "DELETE", "PROPFIND", "M-SEARCH", "VERSION-CONTROL"] {
        assert_eq!(method(name), Ok(()), "{name}");
    }
    for name in ["delete", "Delete", "DELETE_", "-GET", "GET1", "G!T"] {
        assert_eq!(method(name), Err("malformed-request"), "{name}");
    }
}

#[test]
fn heads_are_bounded_whatever_version_they_came_by() {
    for version in [http::Version::HTTP_11, http::Version::HTTP_2] {
        let long = format!("http://a/{}?{}", "x".repeat(20), "y".repeat(20));
        let request = Request::get(long).version(version);
        assert_eq!(clean(request).unwrap_err().reason.code, "uri-too-long");
        let fields = |name: &'static str, count: usize| {
            let request = Request::get("http://a/").version(version);
            clean((0..count).fold(request, |request, _| request.header(name, "1")))
        };
        assert!(fields("x", 8).is_ok());
        assert_eq!(fields("x", 9).unwrap_err().reason.code, "head-too-large");
        assert!(fields("cookie", 30).is_ok());
    }
}

#[test]
fn what_is_said_twice_is_refused() {
    for (name, code) in [
        ("content-length", "ambiguous-framing"),
        ("content-type", "malformed-request"),
        ("authorization", "malformed-request"),
        ("expect", "malformed-request"),
        ("origin", "malformed-request"),
        ("range", "malformed-request"),
        ("user-agent", "malformed-request"),
    ] {
        let twice = Request::post("http://a/").header(name, "1").header(name, "1");
        assert_eq!(clean(twice).unwrap_err().reason.code, code);
        assert!(clean(Request::post("http://a/").header(name, "1")).is_ok());
    }
}

#[test]
fn what_the_client_claims_does_not_survive() {
    let clean = clean(
        Request::get("/")
            .header("host", "a")
            .header("connection", "x-api-key")
            .header("x-api-key", "k")
            .header("x-user-id", "admin")
            .header("accept", "*/*"),
    )
    .unwrap();
    let mut names: Vec<_> = clean.headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host"]);
}

#[test]
fn only_a_whole_websocket_handshake_is_one() {
    let handshake = |upgrade: &'static str, connection: &'static str| {
        clean(
            Request::get("/")
                .header("host", "a")
                .header("upgrade", upgrade)
                .header("connection", connection),
        )
        .unwrap()
        .is_websocket
    };
    assert!(handshake("WebSocket", "keep-alive, Upgrade"));
    assert!(!handshake("h2c", "Upgrade"));
    assert!(!handshake("websocket", "close"));
}

proptest::proptest! {
    #[test]
    fn a_host_that_needs_no_closer_look_is_read_the_same_with_one(
        text in "[a-z0-9.:-]{0,12}(:[0-9]{1,6})?",
    ) {
        let headers = |builder: http::request::Builder| builder.header("host", text.as_str());
        let short = clean(headers(Request::get("/")));
        // An absolute target with the same authority always takes the long way.
        let Ok(uri) = format!("http://{text}/").parse::<http::Uri>() else { return Ok(()) };
        let long = clean(headers(Request::get(uri)));
        let told = |result: Result<CleanRequest, Denial>| {
            result.map(|clean| (clean.host, clean.authority)).map_err(|denial| denial.reason.code)
        };
        proptest::prop_assert_eq!(told(short), told(long), "{}", text);
    }
}
