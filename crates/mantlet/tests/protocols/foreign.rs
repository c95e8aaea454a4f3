//! What curl makes of it.

use std::net::SocketAddr;
use std::time::Duration;

use mantlet_testkit::{
    Answer, FakeUpstream, Finished, MantletProcess, TempFolder, free_address, lacking, left_out,
    run_program,
};

use crate::common::{PATIENCE, gate};

/// Whether curl and openssl are there, curl with HTTP/2; otherwise the gap is on record.
fn is_equipped() -> bool {
    let missing = lacking(&["curl", "openssl"]);
    let has_http_2 = missing.is_empty()
        && run_program("curl", &["--version"], PATIENCE).stdout.contains("HTTP2");
    if !has_http_2 {
        left_out("wire", "lacks openssl or curl with HTTP/2");
    }
    has_http_2
}

fn curl(flags: &[&str], urls: &[String]) -> Finished {
    let mut arguments = vec!["-k", "-s", "--max-time", "10"];
    arguments.extend(flags);
    arguments.extend(urls.iter().map(String::as_str));
    run_program("curl", &arguments, PATIENCE * 2)
}

/// A gate with a TLS listener of its own, and that listener's address.
fn tls_gate(upstream: &FakeUpstream, files: &TempFolder) -> (MantletProcess, SocketAddr) {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| files.path().join(name));
    let arguments = format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout {} -out {}",
        key.display(),
        cert.display()
    );
    let made = run_program("openssl", &arguments.split(' ').collect::<Vec<_>>(), PATIENCE);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let address = free_address();
    let tls = format!("[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n");
    (gate(upstream, &tls), address)
}

#[test]
fn http_2_works_on_the_plain_port_for_those_who_know() {
    if !is_equipped() {
        return;
    }
    let upstream = FakeUpstream::answering(Answer::Echo);
    let gate = gate(&upstream, "");
    let url = [format!("http://{}/x?y", gate.address())];
    let done = curl(&["--http2-prior-knowledge", "-w", "\n%{http_version}", "-d", "body"], &url);
    assert!(done.stdout.ends_with("\n2"), "{done:#?}");
    assert!(done.stdout.contains("\"body\":\"body\"") && done.stdout.contains("/x?y"), "{done:#?}");
    let entry = gate.wait_for_access(|entry| entry["url.path"] == "/x", PATIENCE);
    assert_eq!(entry["http.version"], "2", "{entry:#}");
    let refused = curl(
        &["--http2-prior-knowledge", "-i", "--path-as-is"],
        &[format!("http://{}/..%2f", gate.address())],
    );
    assert!(refused.stdout.starts_with("HTTP/2 400"), "{refused:#?}");
    assert!(refused.stdout.contains("x-content-type-options: nosniff"), "{refused:#?}");
}

// covers: ETSM-02 (binary)
#[test]
fn over_tls_every_version_is_protected_alike() {
    if !is_equipped() {
        return;
    }
    let upstream = FakeUpstream::answering(Answer::ok("ok").header("Set-Cookie", "sid=1"));
    let files = TempFolder::new();
    let (_gate, address) = tls_gate(&upstream, &files);
    let host = format!("app.example:{}", address.port());
    let url = [format!("https://{host}/")];
    let here = format!("{host}:{}", address.ip());
    for http in ["--http2", "--http1.1"] {
        for tls in ["1.2", "1.3"] {
            let flags = ["-i", "--resolve", &here, http, &format!("--tlsv{tls}"), "--tls-max", tls];
            let done = curl(&flags, &url);
            let text = done.stdout.to_ascii_lowercase();
            let about = format!("{http} TLS {tls}: {done:#?}");
            assert!(
                text.starts_with(if http == "--http2" { "http/2 200" } else { "http/1.1 200" }),
                "{about}"
            );
            assert!(text.contains("strict-transport-security: max-age="), "{about}");
            assert!(text.contains("set-cookie: sid=1; secure; httponly; samesite=lax"), "{about}");
            assert!(text.contains("x-content-type-options: nosniff"), "{about}");
            let request = upstream.requests().pop().unwrap();
            assert_eq!(request.headers.get_all("x-forwarded-proto"), ["https"], "{about}");
            assert_eq!(request.headers.get_all("host"), [&*host], "{about}");
        }
    }
    let old = curl(
        &["--resolve", &here, "--tlsv1.0", "--tls-max", "1.1", "--ciphers", "ALL:@SECLEVEL=0"],
        &url,
    );
    assert_eq!(old.code, Some(35), "TLS 1.1 must fail in the handshake: {old:#?}");
    let plain = curl(&["-i"], &[format!("http://{address}/")]);
    assert!(!plain.stdout.contains("ok"), "plain HTTP on the TLS port: {plain:#?}");
}

#[test]
fn requests_on_one_http_2_connection_do_not_wait_for_each_other() {
    if !is_equipped() {
        return;
    }
    let wait = Duration::from_millis(400);
    let upstream = FakeUpstream::start(move |request| {
        Answer::ok(&format!("{}\n", request.target)).after(wait)
    });
    let files = TempFolder::new();
    let (_gate, address) = tls_gate(&upstream, &files);
    let begun = std::time::Instant::now();
    let url = [format!("https://{address}/[1-20]")];
    let done = curl(&["--parallel", "--parallel-max", "20", "--http2"], &url);
    assert_eq!(done.code, Some(0), "{done:#?}");
    let paths = done.stdout.lines();
    let mut numbers: Vec<u8> = paths.map(|path| path.replace('/', "").parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<u8>>(), "{done:#?}");
    assert!(begun.elapsed() < wait * 18, "{:?}", begun.elapsed());
}
