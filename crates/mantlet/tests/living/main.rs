//! Living with the WAF of the real binary: a false alarm is explained, excepted and passes; settings
//! are tried on what was recorded, and on what a browser exported.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

mod exceptions;
mod har;
mod recording;
mod replay;

use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{FakeUpstream, Finished, MantletProcess, poll_until};

/// The longest wait for one thing on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// What the detectors take for SQL, and an application may mean as text.
const ATTACK: &str = "text=1%27+or+1%3D1--+-";

fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).start()
}

fn post(gate: &MantletProcess, path: &str, form: &str) -> Response {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    wire::request(gate.address(), "POST", path, &headers, form.as_bytes())
}

fn id(response: &Response) -> String {
    response.header("x-request-id").unwrap().to_owned()
}

/// A command of the same binary, on the same data folder and configuration file.
fn command(gate: &MantletProcess, arguments: &[&str]) -> Finished {
    let config = gate.config_file().display().to_string();
    let mut all = arguments.to_vec();
    all.extend(["--config", &config]);
    gate.command(&all)
}

/// The lines of the recording, once there are `wanted` of them.
fn recorded(gate: &MantletProcess, wanted: usize) -> Vec<serde_json::Value> {
    let lines = || -> Vec<serde_json::Value> {
        let exported = command(gate, &["recording", "export"]).stdout;
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    poll_until(PATIENCE, || Some(lines()).filter(|lines| lines.len() >= wanted))
        .unwrap_or_else(|| panic!("not {wanted}: {:#?}", lines()))
}
