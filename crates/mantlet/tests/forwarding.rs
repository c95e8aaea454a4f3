//! What the application receives: one clean request, with our words about the client and none of
//! the client's own.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, Received, lacking, left_out, run_program,
};

use common::{PATIENCE, assert_refused, gate};

const TRUSTING: &str = "[client]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n";

fn start(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, config);
    (upstream, gate)
}

/// What the application receives of a request with these header lines.
fn received(upstream: &FakeUpstream, gate: &MantletProcess, headers: &[(&str, &str)]) -> Received {
    upstream.clear();
    assert_eq!(wire::get(gate.address(), "/", headers).status, 200, "{headers:?}");
    upstream.requests().pop().unwrap()
}

/// Names and values, lower case and sorted.
fn fields(request: &Received) -> Vec<(String, String)> {
    let fields = request.headers.iter();
    let mut fields: Vec<_> =
        fields.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    fields.sort();
    fields
}

// covers: SCI-31, YMERA-23 (binary)
#[test]
fn the_application_gets_exactly_what_it_should() {
    let (upstream, gate) = start("");
    let mut connection = Connection::open_from([127, 0, 0, 3].into(), gate.address()).unwrap();
    let request =
        "GET /x?y=1 HTTP/1.1\r\nHost: App.example:8443\r\nAccept: */*\r\nX-Own: 1\r\n\r\n";
    connection.write(request.as_bytes()).unwrap();
    let answer = connection.read_response().unwrap();
    let request = upstream.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/x?y=1"));
    let id = answer.header("x-request-id").unwrap();
    let trace = request.header("traceparent").unwrap().to_owned();
    let expected = [
        ("accept", "*/*"),
        ("host", "app.example:8443"),
        ("traceparent", &trace),
        ("x-forwarded-for", "127.0.0.3"),
        ("x-forwarded-host", "app.example:8443"),
        ("x-forwarded-proto", "http"),
        ("x-own", "1"),
        ("x-real-ip", "127.0.0.3"),
        ("x-request-id", id),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(fields(&request), expected);
    let parts: Vec<&str> = trace.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    assert_eq!(lengths, [2, 32, 16, 2], "{trace}");
    assert!(gate.stderr().is_empty() || !gate.stderr().contains("panicked"), "{}", gate.stderr());
}

#[test]
fn a_trace_goes_on_and_a_malformed_one_is_replaced() {
    let (upstream, gate) = start("");
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let goes_on = received(&upstream, &gate, &[("traceparent", trace)]);
    let forwarded = goes_on.header("traceparent").unwrap();
    assert_eq!(forwarded.split('-').nth(1), trace.split('-').nth(1), "{forwarded}");
    for bad in ["x", "00-0-0-0", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
        let replaced = received(&upstream, &gate, &[("traceparent", bad)]);
        assert_eq!(replaced.headers.get_all("traceparent").len(), 1);
        assert_eq!(replaced.header("traceparent").unwrap().len(), trace.len(), "{bad}");
        assert_ne!(replaced.header("traceparent"), Some(bad));
    }
}

// covers: SAMO-D49, YMERA-D13 (binary)
#[test]
fn ymera_d13_what_a_client_says_about_itself_is_gone_in_every_spelling() {
    let (upstream, gate) = start("[hygiene]\nidentity_headers = [\"My-App-User\"]\n");
    for name in [
        "X-Forwarded-For",
        "X_Forwarded_For",
        "x-forwarded_for",
        "X-FORWARDED-HOST",
        "X-Forwarded-Proto",
        "X-Forwarded-User",
        "X-Forwarded-Prefix",
        "Forwarded",
        "X-Real-IP",
        "X_REAL_IP",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-User-ID",
        "X_User_Id",
        "x-user_id",
        "Remote-User",
        "REMOTE_USER",
        "X-Remote-User",
        "X-Auth-Request-Email",
        "X-Mantlet-User",
        "Mantlet-User",
        "X-Original-URL",
        "X-Rewrite-Url",
        "X-HTTP-Method-Override",
        "X-Request-Id",
        "SSL_CLIENT_VERIFY",
        "X-CSP-Nonce",
        "X_CSP_Nonce",
        "X-ProxyUser-Ip",
        "Content_Length",
        "Content.Type",
        "Transfer_Encoding",
        "Client-Cert",
        "Client_Cert_Chain",
        "X-Client-DN",
        "X-ARR-ClientCert",
        "SM_USER",
        "Iv-User",
        "OIDC_CLAIM_email",
        "X-Userinfo",
        "X-Endpoint-API-UserInfo",
        "X-Script-Name",
        "My-App-User",
        "My_App_User",
        "my-app_user",
        "Proxy",
    ] {
        let request = received(&upstream, &gate, &[(name, "203.0.113.66")]);
        assert!(!request.head().contains("203.0.113.66"), "{name}: {}", request.head());
    }
}

#[test]
fn what_belongs_to_one_connection_only_stays_there() {
    let (upstream, gate) = start("");
    for (name, value) in [
        ("Connection", "close, X-Named"),
        ("Connection", "X-Named"),
        ("Proxy-Connection", "X-Named"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("Trailer", "X"),
        ("Proxy-Authorization", "Basic eDp5"),
        ("Upgrade", "foo"),
    ] {
        let request = received(&upstream, &gate, &[(name, value), ("X-Named", "named")]);
        assert!(request.header(name).is_none(), "{name}: {}", request.head());
        let is_named = value.contains("X-Named");
        assert_eq!(request.header("x-named").is_none(), is_named, "{name}: {}", request.head());
    }
}

#[test]
fn answers_come_without_what_belongs_to_the_inner_connection() {
    let answer = Answer::ok("ok").header("Connection", "X-Inner").header("X-Inner", "1");
    let answer = answer.header("Keep-Alive", "timeout=5").header("Proxy-Authenticate", "Basic");
    let upstream = FakeUpstream::answering(answer.header("X-Request-Id", "forged"));
    let gate = gate(&upstream, "");
    let response = wire::get(gate.address(), "/", &[]);
    for name in ["connection", "x-inner", "keep-alive", "proxy-authenticate"] {
        assert!(response.header(name).is_none(), "{name}: {response:?}");
    }
    let ids = response.headers.get_all("x-request-id");
    assert!(ids.len() == 1 && ids[0].len() == 36, "{ids:?}");
}

// covers: SCI-D26, YMERA-D22, SAMO-D49, ETSM-21 (binary)
#[test]
fn ymera_d22_a_trusted_proxy_names_the_client_and_its_word_alone_goes_on() {
    let (upstream, gate) = start(TRUSTING);
    for (list, expected) in [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        ("203.0.113.9, nonsense", "127.0.0.1"),
        ("nonsense, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[2001:db8::1]:80", "2001:db8::1"),
        ("", "127.0.0.1"),
    ] {
        let sent =
            [("X-Forwarded-For", list), ("X-Forwarded-Proto", "https"), ("X-Real-IP", "1.1.1.1")];
        let request = received(&upstream, &gate, &sent);
        assert_eq!(request.headers.get_all("x-forwarded-for"), [expected], "{list}");
        assert_eq!(request.headers.get_all("x-real-ip"), [expected], "{list}");
        assert_eq!(request.headers.get_all("x-forwarded-proto"), ["https"], "{list}");
    }
    let mut stranger = Connection::open_from([127, 0, 0, 9].into(), gate.address()).unwrap();
    upstream.clear();
    stranger.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n").unwrap();
    assert_eq!(stranger.read_response().unwrap().status, 200);
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.headers.get_all("x-forwarded-for"), ["127.0.0.9"]);
    assert_eq!(request.headers.get_all("x-forwarded-proto"), ["http"]);
}

#[test]
fn forwarding_headers_of_a_stranger_are_pointed_out_once_with_the_line_that_would_trust_it() {
    let (upstream, mut gate) = start("");
    for _ in 0..3 {
        let _ = received(&upstream, &gate, &[("X-Forwarded-For", "203.0.113.9")]);
    }
    let is_warning = |event: &serde_json::Value| event["event.name"] == "client.forwarding.ignored";
    let warning = gate.wait_for_event(is_warning, PATIENCE);
    let hint = warning["hint"].as_str().unwrap();
    assert!(hint.contains("[client] trusted_proxies = [\"127.0.0.1\"]"), "{hint}");
    gate.stop();
    assert_eq!(gate.events().into_iter().filter(is_warning).count(), 1);
}

#[test]
fn limits_and_blocks_go_by_the_address_a_trusted_proxy_names() {
    let config = "[guards.blocklist]\nblock = [\"203.0.113.0/24\"]\n[guards.limit]\nper_address = [\"2/h\"]\n";
    let (_upstream, gate) = start(&format!("{TRUSTING}{config}"));
    let ask = |list| wire::get(gate.address(), "/", &[("X-Forwarded-For", list)]);
    assert_refused(&gate, &ask("198.51.100.1, 203.0.113.9"), (403, "address-blocked"), "blocked");
    let statuses =
        ["198.51.100.1", "203.0.113.5, 198.51.100.1", "198.51.100.2"].map(|list| ask(list).status);
    assert_eq!(statuses, [200; 3]);
    let event = assert_refused(&gate, &ask("198.51.100.1"), (429, "rate-limited"), "third");
    assert_eq!(event["source.ip"], "198.51.100.1", "{event:#}");
    assert!(event["source.peer"].as_str().unwrap().starts_with("127.0.0.1:"), "{event:#}");
}

#[test]
fn cookies_that_http_2_splits_are_joined() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("wire", "lacks curl");
    }
    let (upstream, gate) = start("");
    let url = format!("http://{}/", gate.address());
    let flags = [
        "-s",
        "--max-time",
        "10",
        "--http2-prior-knowledge",
        "-H",
        "Cookie: a=1",
        "-H",
        "Cookie: b=2",
    ];
    let arguments: Vec<&str> = flags.into_iter().chain([url.as_str()]).collect();
    let finished = run_program("curl", &arguments, PATIENCE * 2);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), "ok"), "{finished:#?}");
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.headers.get_all("cookie"), ["a=1; b=2"], "{}", request.head());
    assert_eq!(request.headers.get_all("host"), [gate.address().to_string()], "{}", request.head());
}
