//! What scanners make of our TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_testkit::{
    Answer, Authority, FakeUpstream, MantletProcess, TempFolder, free_address, lacking, left_out,
    run_program, venv_python,
};
use serde_json::Value;

use crate::common::gate;

/// How long a scanner may take.
const SCAN: Duration = Duration::from_secs(400);

/// A gate with a certificate of an authority of its own, which is the file that comes with it.
fn scanned(folder: &TempFolder, upstream: &FakeUpstream) -> (MantletProcess, SocketAddr, PathBuf) {
    let (address, authority) = (free_address(), Authority::new("scanned"));
    let (cert, key) = authority.server("localhost");
    let [cert, key] = [("a.crt", cert), ("a.key", key)].map(|(name, pem)| folder.write(name, pem));
    let ca = folder.write("ca.pem", authority.pem());
    let text = format!("[server.tls]\nlisten = [\"{address}\"]\ncert = {cert:?}\nkey = {key:?}\n");
    (gate(upstream, &text), address, ca)
}

// covers: YMERA-21, SCI-29, ETSM-02 (binary)
#[test]
fn ymera_d20_sslyze_finds_mozillas_intermediate_configuration() {
    let Some(python) = venv_python(&["sslyze"]) else {
        return left_out("tls-scanner", "lacks sslyze in target/venv");
    };
    let (folder, upstream) = (TempFolder::new(), FakeUpstream::answering(Answer::ok("ok")));
    let (_gate, address, ca) = scanned(&folder, &upstream);
    let target = format!("localhost:{}", address.port());
    let ca = ca.to_string_lossy().into_owned();
    let arguments =
        ["-m", "sslyze", "--certinfo_ca_file", &ca, "--mozilla_config", "intermediate", &target];
    let done = run_program(&python, &arguments, SCAN);
    let verdict = format!("{target}: OK - Compliant");
    assert!(done.stdout.contains(&verdict), "{}\n{}", done.stdout, done.stderr);
}

#[test]
fn sci_d21_testssl_finds_nothing_weak() {
    if !lacking(&["testssl"]).is_empty() {
        return left_out("tls-scanner", "lacks testssl");
    }
    let (folder, upstream) = (TempFolder::new(), FakeUpstream::answering(Answer::ok("ok")));
    let (_gate, address, _) = scanned(&folder, &upstream);
    let report = folder.path().join("report.json");
    let (file, target) = (report.to_string_lossy().into_owned(), format!("{address}"));
    // Protocols, kinds of ciphers, forward secrecy.
    let arguments =
        ["--quiet", "--warnings", "off", "-oj", &file, "-p", "-s", "-f", target.as_str()];
    let done = run_program(Path::new("testssl"), &arguments, SCAN);
    let findings: Vec<Value> = std::fs::read_to_string(&report)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_else(|| panic!("no report\n{}\n{}", done.stdout, done.stderr));
    let of = |id: &str| findings.iter().find(|one| one["id"] == id).map(|one| &one["finding"]);
    for old in ["SSLv2", "SSLv3", "TLS1", "TLS1_1"] {
        assert!(of(old).is_some_and(|it| it == "not offered"), "{old}: {:?}", of(old));
    }
    // Forward secrecy has another name before version 3.2.
    for new in [&["TLS1_2"][..], &["TLS1_3"], &["FS", "PFS"]] {
        let found = new.iter().find_map(|id| of(id));
        let is_offered = |it: &Value| it.as_str().is_some_and(|text| text.starts_with("offered"));
        assert!(found.is_some_and(is_offered), "{new:?}: {found:?}");
    }
    let is_weak = |one: &&Value| {
        matches!(one["severity"].as_str(), Some("LOW" | "MEDIUM" | "HIGH" | "CRITICAL" | "FATAL"))
    };
    let weak: Vec<_> = findings.iter().filter(is_weak).collect();
    assert!(weak.is_empty(), "{weak:#?}");
}
