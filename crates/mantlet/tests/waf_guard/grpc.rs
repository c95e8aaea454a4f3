//! gRPC over HTTP/2: its messages stream by, its metadata and paths are looked at, and what only claims
//! to be gRPC does not get through.

use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, free_address, lacking, left_out, root,
    run_program, venv_python,
};
use serde_json::{Value, json};

use super::SQL;
use super::common::{PATIENCE, gate};

#[test]
fn a_real_client_talks_to_its_service_and_its_metadata_and_paths_are_looked_at() {
    let Some(python) = venv_python(&["grpc"]) else {
        return left_out("grpc", "lacks the Python package grpcio in target/venv");
    };
    let service = free_address();
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&format!("h2c://{service}")).start();
    let script = root().join("crates/mantlet/tests/waf_guard/echo_service.py");
    let arguments =
        [script.display().to_string(), gate.address().to_string(), service.port().to_string()];
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = run_program(python.to_str().unwrap(), &arguments, PATIENCE * 6);
    assert_eq!(done.code, Some(0), "{done:#?} {}", gate.story());
    let told: Value = serde_json::from_str(done.stdout.trim()).unwrap();
    let expected = json!({
        "said": "said hello",
        "large": 1_000_005,
        "conversation": ["heard one", "heard two"],
        "metadata": "PERMISSION_DENIED",
        "path": "PERMISSION_DENIED",
        "unknown": "UNIMPLEMENTED",
    });
    assert_eq!(told, expected, "{}", gate.story());
}

#[test]
fn what_only_claims_to_be_grpc_is_broken_off_before_the_application_has_it() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("waf-guard", "lacks curl");
    }
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let gate = gate(&upstream, "");
    let folder = TempFolder::new();
    let url = format!("http://{}/", gate.address());
    let message = |text: &str| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&[0], length.as_slice(), text.as_bytes()].concat()
    };
    let form = format!("&id={SQL}");
    let cases = [
        ("one message", message("hello"), true),
        ("two messages", [message("hello"), message("")].concat(), true),
        ("a form", format!("a=1{form}").into_bytes(), false),
        ("JSON behind a NUL", format!("\0{{\"id\":\"{SQL}\"}}").into_bytes(), false),
        ("a form behind a message", [message("hello"), form.clone().into_bytes()].concat(), false),
        ("half a message", message(&form)[..12].to_vec(), false),
    ];
    for (name, body, passes) in cases {
        let file = folder.path().join("body");
        std::fs::write(&file, &body).unwrap();
        let data = format!("@{}", file.display());
        let flags = ["-sS", "--http2-prior-knowledge", "-w", "\n%{http_code} %{http_version}"];
        let kind = ["-H", "Content-Type: application/grpc", "--data-binary", &data, &url];
        let done = run_program("curl", &[&flags[..], &kind[..]].concat(), PATIENCE);
        if done.stderr.contains("does not support") || done.stderr.contains("built-in") {
            return left_out("waf-guard", "curl lacks HTTP/2");
        }
        assert_eq!(done.stdout.contains("200 2"), passes, "{name}: {done:?}");
        let seen = upstream.requests();
        let has_it = seen.iter().any(|request| request.body == body);
        assert_eq!(has_it, passes, "{name}");
    }
    assert!(upstream.requests().iter().all(|request| !request.text().contains(SQL)));
}
