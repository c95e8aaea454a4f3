//! From plain HTTP to HTTPS.

use std::net::SocketAddr;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, TlsClient, certificate, free_address,
    free_port,
};

use crate::common::{PATIENCE, assert_refused, gate};

fn start(server: &str, rest: &str) -> (FakeUpstream, MantletProcess, SocketAddr, TempFolder) {
    let (upstream, address) = (FakeUpstream::answering(Answer::ok("ok")), free_address());
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "a.crt", "a.key");
    let text = format!(
        "[server]\n{server}\n[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n{rest}"
    );
    let gate = gate(&upstream, &text);
    (upstream, gate, address, folder)
}

fn location(response: &Response) -> (u16, Option<&str>) {
    (response.status, response.header("location"))
}

// covers: ELITE-17, YMERA-20, ETSM-02 (binary)
#[test]
fn elite_d15_plain_http_leads_to_the_host_of_the_configuration() {
    let (upstream, gate, _tls, _folder) =
        start("public_host = [\"app.example.org\", \"other.example.org:8443\"]", "");
    for (method, host, path, expected) in [
        ("GET", "evil.example", "/a/b?next=http://x", "https://app.example.org/a/b?next=http://x"),
        ("GET", "app.example.org:80", "/", "https://app.example.org/"),
        ("GET", "OTHER.example.org", "/x", "https://other.example.org:8443/x"),
        ("HEAD", "127.0.0.1", "/?", "https://app.example.org/?"),
        // 308 keeps the method, so that nothing is lost of a form.
        ("POST", "app.example.org", "/form", "https://app.example.org/form"),
        ("GET", "app.example.org", "/.mantlet/login", "https://app.example.org/.mantlet/login"),
        ("GET", "app.example.org", "/a%20b/%C3%A9", "https://app.example.org/a%20b/%C3%A9"),
    ] {
        let body: &[u8] = if method == "POST" { b"a=b" } else { b"" };
        let headers = [("Host", host), ("X-Forwarded-Proto", "https"), ("Accept", "text/html")];
        let answer = wire::request(gate.address(), method, path, &headers, body);
        assert_eq!(location(&answer), (308, Some(expected)), "{method} {host} {path}");
        assert!(answer.headers.contains("x-request-id"));
        assert!(!answer.headers.contains("strict-transport-security"), "not over plain HTTP");
    }
    assert!(upstream.is_untouched());
    assert!(!gate.stderr().contains("without TLS"), "{}", gate.stderr());
}

#[test]
fn programs_are_refused_where_people_are_redirected() {
    let routes = "[[routes]]\npath = \"/api/*\"\napi = true\n[[routes]]\npath = \"/api/docs\"\napi = false\n";
    let (upstream, gate, _tls, _folder) = start("public_host = \"app.example.org\"", routes);
    let ask = |path: &str, headers: &[(&str, &str)]| wire::get(gate.address(), path, headers);
    for (path, headers) in [
        ("/api/x", &[][..]),
        ("/api/x", &[("Accept", "application/json")]),
        ("/x", &[("Authorization", "Bearer secret")]),
        ("/x", &[("Accept", "application/json")]),
        ("/x", &[("Upgrade", "websocket"), ("Connection", "Upgrade")]),
    ] {
        let answer = ask(path, headers);
        assert_refused(&gate, &answer, (403, "https-required"), path);
        assert!(!answer.headers.contains("location"));
    }
    for (path, headers) in [
        ("/api/docs", &[("Accept", "application/json")][..]),
        ("/x", &[("Accept", "text/html, application/json")]),
        ("/x", &[("Authorization", "Basic dTpw")]),
    ] {
        assert_eq!(ask(path, headers).status, 308, "{path} {headers:?}");
    }
    assert!(upstream.is_untouched());
}

#[test]
fn https_itself_is_served_and_a_trusted_proxy_is_believed() {
    let trusting = "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n";
    let (_upstream, gate, tls, _folder) = start("public_host = \"app.example.org\"", trusting);
    let mut connection = TlsClient::default().connect(tls, "localhost").unwrap();
    assert!(connection.ask("/", "").unwrap().starts_with("HTTP/1.1 200"));
    let through = |proto| wire::get(gate.address(), "/", &[("X-Forwarded-Proto", proto)]).status;
    assert_eq!((through("https"), through("http")), (200, 308), "no loop behind a proxy");
}

#[test]
fn without_a_public_host_or_with_never_nothing_is_redirected() {
    for server in ["", "public_host = \"app.example.org\"\nhttps_redirect = \"never\""] {
        let (_upstream, gate, _tls, _folder) = start(server, "");
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "{server}");
    }
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let always = "[server]\npublic_host = \"app.example.org\"\nhttps_redirect = \"always\"\n";
    let gate = gate(&upstream, always);
    let answer = wire::get(gate.address(), "/x", &[]);
    assert_eq!(location(&answer), (308, Some("https://app.example.org/x")));
}

// covers: ETSM-02 (binary)
#[test]
fn etsm_d05_a_listener_that_is_open_to_the_network_is_warned_about() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let listener = SocketAddr::from(([0, 0, 0, 0], free_port()));
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).listen(listener).start();
    let event = gate.wait_for_event(|event| event["event.name"] == "config.value.risky", PATIENCE);
    assert!(event["message"].as_str().is_some_and(|text| text.contains(&listener.to_string())));
    let told = gate.stderr();
    assert!(told.contains(&format!("`{listener}` is open to the network without TLS")), "{told}");
}
