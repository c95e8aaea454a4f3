//! Which certificate a client is shown, and what happens when the files change.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, TlsClient, certificate_for, free_address,
    lacking, left_out, poll_until, run_program,
};

use crate::common::{PATIENCE, gate};

const REJECTED: &str = "mantlet_events_total{name=\"tls.certificate.rejected\"}";

/// The certificate in a PEM file as openssl reads it; `None` without openssl.
fn der(path: &PathBuf) -> Vec<u8> {
    let text = fs::read_to_string(path).unwrap();
    let begin = "-----BEGIN CERTIFICATE-----";
    let body = text.split(begin).nth(1).unwrap().split("-----END").next().unwrap();
    base64(body)
}

/// The bytes that base64 text stands for.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| alphabet.iter().position(|one| *one == byte));
    let digits: Vec<usize> = digits.collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let bits = group.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - group.len()));
        let three = u32::try_from(bits).unwrap().to_be_bytes();
        bytes.extend(&three[1..group.len()]);
    }
    bytes
}

fn start(config: &str) -> (FakeUpstream, MantletProcess, SocketAddr) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let address = free_address();
    let config = config.replace("LISTEN", &format!("listen = [\"{address}\"]"));
    let gate = gate(&upstream, &config);
    (upstream, gate, address)
}

fn shown(address: SocketAddr, name: &str) -> Vec<u8> {
    TlsClient::default().connect(address, name).unwrap().certificate()
}

// covers: YMERA-21, SCI-29 (binary)
#[test]
fn the_certificate_fits_the_name_that_is_asked_for() {
    let folder = TempFolder::new();
    let [one, wild, exact] = [
        ("one", &["one.example", "localhost"][..]),
        ("wild", &["*.wild.example"]),
        ("exact", &["exact.wild.example"]),
    ]
    .map(|(file, names)| {
        certificate_for(&folder, names, &format!("{file}.crt"), &format!("{file}.key"))
    });
    let more = |unknown: &str| {
        format!(
            "[server.tls]\nLISTEN\ncert = {:?}\nkey = {:?}\n{unknown}\n[[server.tls.certificates]]\ncert = {:?}\nkey = {:?}\n[[server.tls.certificates]]\ncert = {:?}\nkey = {:?}\n",
            one.0, one.1, wild.0, wild.1, exact.0, exact.1
        )
    };
    let (_upstream, _gate, address) = start(&more(""));
    for (name, expected) in [
        ("one.example", &one),
        ("ONE.example", &one),
        ("a.wild.example", &wild),
        ("exact.wild.example", &exact),
        ("a.b.wild.example", &one),
        ("wild.example", &one),
        ("unknown.example", &one),
        ("127.0.0.1", &one),
    ] {
        assert_eq!(shown(address, name), der(&expected.0), "{name}");
    }
    let (_upstream, _gate, address) = start(&more("unknown_name = \"refuse\""));
    assert_eq!(shown(address, "one.example"), der(&one.0));
    for name in ["unknown.example", "127.0.0.1"] {
        TlsClient::default().connect(address, name).expect_err(name);
    }
}

#[test]
fn ymera_d20_sci_d21_groups_and_suites_are_todays() {
    let folder = TempFolder::new();
    let (cert, key) = certificate_for(&folder, &["localhost"], "a.crt", "a.key");
    let (_upstream, _gate, address) =
        start(&format!("[server.tls]\nLISTEN\ncert = {cert:?}\nkey = {key:?}\n"));
    let agreed = TlsClient::new(&["h2", "http/1.1"], None).connect(address, "localhost").unwrap();
    let agreed = agreed.agreed();
    for part in ["TLSv1_3", "X25519MLKEM768", "AES", "GCM", "\"h2\"", "Full"] {
        assert!(agreed.contains(part), "{part}: {agreed}");
    }
    if !lacking(&["openssl"]).is_empty() {
        return left_out("wire", "lacks openssl");
    }
    let connect = |arguments: &[&str]| {
        let at = address.to_string();
        let all = [&["s_client", "-connect", &at, "-servername", "localhost"], arguments].concat();
        run_program("openssl", &all, PATIENCE)
    };
    for (arguments, works) in [
        (&["-tls1_3", "-groups", "X25519"][..], true),
        (&["-tls1_3", "-groups", "P-256"], true),
        (&["-tls1_3", "-groups", "P-384"], true),
        (&["-tls1_3", "-groups", "P-521"], false),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], true),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"], true),
        // CBC, no forward secrecy, an old hash: whatever the security level of the client.
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"], false),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"], false),
        (&["-tls1_2", "-cipher", "AES128-GCM-SHA256:@SECLEVEL=0"], false),
        (&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"], false),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], false),
    ] {
        let done = connect(arguments);
        let has_suite = !done.stdout.contains("Cipher is (NONE)") && done.code == Some(0);
        assert_eq!(has_suite, works, "{arguments:?}: {done:#?}");
    }
}

#[test]
fn sessions_are_resumed_without_early_data_and_not_across_a_restart() {
    let folder = TempFolder::new();
    let (cert, key) = certificate_for(&folder, &["localhost"], "a.crt", "a.key");
    let text = format!("[server.tls]\nLISTEN\ncert = {cert:?}\nkey = {key:?}\n");
    let (_upstream, one, address) = start(&text);
    let client = TlsClient::default();
    let visit = |address| {
        let mut connection = client.connect(address, "localhost").unwrap();
        let answer = connection.ask("/", "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        connection.agreed()
    };
    assert!(visit(address).ends_with("Some(Full)"));
    for _ in 0..3 {
        let agreed = visit(address);
        assert!(agreed.ends_with("Some(Resumed)"), "{agreed}");
    }
    drop(one);
    let (_upstream, _other, address) = start(&text);
    assert!(visit(address).ends_with("Some(Full)"), "the keys of tickets do not outlive us");
}

#[test]
fn etsm_d04_a_certificate_is_renewed_without_losing_a_connection() {
    let folder = TempFolder::new();
    let (cert, key) = certificate_for(&folder, &["localhost"], "a.crt", "a.key");
    let (next_cert, next_key) = certificate_for(&folder, &["localhost"], "b.crt", "b.key");
    let text = format!(
        "[server.tls]\nLISTEN\ncert = {cert:?}\nkey = {key:?}\nreload_interval = \"100ms\"\n"
    );
    let (_upstream, gate, address) = start(&text);
    let first = der(&cert);
    assert_eq!(shown(address, "localhost"), first);
    let mut held = TlsClient::default().connect(address, "localhost").unwrap();
    assert!(held.ask_and_stay("/").unwrap().starts_with("HTTP/1.1 200"));

    // Half of a file, then a key that belongs to another certificate: the old ones stay.
    let half = fs::read(&next_cert).unwrap();
    for (path, bytes) in
        [(&cert, half[..half.len() / 2].to_vec()), (&cert, fs::read(&next_cert).unwrap())]
    {
        let before = gate.metric(REJECTED);
        fs::write(path, bytes).unwrap();
        poll_until(PATIENCE, || (gate.metric(REJECTED) > before).then_some(())).unwrap();
        assert_eq!(shown(address, "localhost"), first);
    }
    let told =
        gate.wait_for_event(|event| event["event.name"] == "tls.certificate.rejected", PATIENCE);
    assert!(told["error.message"].as_str().unwrap().contains(".crt"), "{told:#}");
    let told = gate.wait_for_event(
        |event| event["error.message"].as_str().is_some_and(|text| text.contains("not the key")),
        PATIENCE,
    );
    assert!(!told.to_string().contains("PRIVATE"), "{told:#}");
    assert_eq!(gate.metric(REJECTED), 2, "told once for each state, not at every look");

    fs::rename(&next_key, &key).unwrap();
    let is_new = || (shown(address, "localhost") == der(&cert)).then_some(());
    poll_until(PATIENCE, is_new).expect("the pair is whole again");
    assert_ne!(der(&cert), first);
    let _ =
        gate.wait_for_event(|event| event["event.name"] == "tls.certificate.reloaded", PATIENCE);
    assert!(
        held.ask_and_stay("/").unwrap().starts_with("HTTP/1.1 200"),
        "it was open all the time"
    );
}

#[test]
fn ecdsa_and_rsa_stand_side_by_side_for_one_name() {
    if !lacking(&["openssl"]).is_empty() {
        return left_out("wire", "lacks openssl");
    }
    let folder = TempFolder::new();
    let (cert, key) = certificate_for(&folder, &["localhost"], "a.crt", "a.key");
    let [rsa_cert, rsa_key] = ["rsa.crt", "rsa.key"].map(|name| folder.path().join(name));
    let arguments = format!(
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -addext subjectAltName=DNS:localhost -keyout {} -out {}",
        rsa_key.display(),
        rsa_cert.display()
    );
    let made = run_program("openssl", &arguments.split(' ').collect::<Vec<_>>(), PATIENCE);
    assert_eq!(made.code, Some(0), "{made:#?}");
    // RSA first in the file: it is the default, and ECDSA is still preferred.
    let (_upstream, _gate, address) = start(&format!(
        "[server.tls]\nLISTEN\ncert = {rsa_cert:?}\nkey = {rsa_key:?}\n[[server.tls.certificates]]\ncert = {cert:?}\nkey = {key:?}\n"
    ));
    assert_eq!(shown(address, "localhost"), der(&cert));
    for (flags, expected) in [
        ("-tls1_3 -sigalgs rsa_pss_rsae_sha256", &rsa_cert),
        ("-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256", &rsa_cert),
        ("-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256", &cert),
    ] {
        let at = address.to_string();
        let mut arguments = vec!["s_client", "-connect", &at, "-servername", "localhost"];
        arguments.extend(flags.split(' '));
        let done = run_program("openssl", &arguments, PATIENCE);
        assert!(done.stdout.contains("-----BEGIN"), "{flags}: {done:#?}");
        let file = folder.write("shown.crt", &done.stdout);
        assert_eq!(der(&file), der(expected), "{flags}");
    }
}

// covers: ETSM-02 (binary)
#[test]
fn a_certificate_of_our_own_is_made_once_and_kept_private() {
    let data = TempFolder::new();
    let address = free_address();
    let config = format!(
        "[server]\npublic_host = \"app.example:8443\"\n[server.tls]\nlisten = [\"{address}\"]\nlocal = true\n"
    );
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let start = || {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let folder = data.path().join("data");
        builder.upstream(&upstream.url()).config(&config).data(folder).start()
    };
    let mut gate = start();
    let first = shown(address, "app.example");
    let file = data.path().join("data/tls/local.pem");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(der(&file), first);
    let told = gate.stderr();
    assert!(told.contains("which no browser trusts"), "{told}");
    if lacking(&["openssl"]).is_empty() {
        let arguments = ["x509", "-noout", "-fingerprint", "-sha256", "-in"];
        let all = [&arguments[..], &[file.to_str().unwrap()]].concat();
        let said = run_program("openssl", &all, PATIENCE).stdout;
        let fingerprint = said.trim().split('=').nth(1).unwrap().to_owned();
        assert!(told.contains(&fingerprint), "{told}\n{said}");
    }
    gate.stop();
    let _gate = start();
    assert_eq!(shown(address, "localhost"), first, "the same after a restart");
}
