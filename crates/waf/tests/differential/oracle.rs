//! libmodsecurity, asked through Python.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use mantlet_testkit::{TempFolder, root};
use mantlet_waf::ftw::{Request, rules_file};

/// The rules that match each request.
pub(crate) fn matched(python: &Path, crs: &Path, requests: &[(String, Request)]) -> Vec<Vec<u64>> {
    let folder = TempFolder::new();
    let rules = folder.path().join("rules.conf");
    std::fs::write(&rules, rules_file(&crs.join("rules"), &crs.join("crs-setup.conf.example")))
        .unwrap();
    let mut command = Command::new(python);
    command.arg(root().join("bench/waf/matched.py")).arg(&rules);
    let mut oracle =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines: String =
        requests.iter().map(|(_, request)| format!("{}\n", as_json(request))).collect();
    let mut input = oracle.stdin.take().unwrap();
    // Written aside: both pipes are shorter than what goes through them.
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    let all: Vec<Vec<u64>> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(all.len(), requests.len(), "libmodsecurity did not answer all requests");
    all
}

fn as_json(request: &Request) -> serde_json::Value {
    let text = |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(*byte)).collect() };
    let headers: Vec<_> =
        request.headers.iter().map(|(name, value)| (text(name), text(value))).collect();
    serde_json::json!({
        "method": text(&request.method), "target": text(&request.target),
        "protocol": text(&request.protocol), "headers": headers, "body": text(&request.body),
    })
}
