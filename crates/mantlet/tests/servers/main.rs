//! Several servers behind the gate: which one gets a request, what becomes of those that fail, and
//! the ways to reach them.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

#[path = "../common/mod.rs"]
mod common;

mod balance;
mod failures;
mod long_bodies;
mod mixing;
mod refusals;
mod transports;

use mantlet_testkit::MantletProcess;

/// The binary in front of these servers.
fn gate_of(servers: &[String], config: &str) -> MantletProcess {
    let list: Vec<String> = servers.iter().map(|server| format!("{server:?}")).collect();
    let config = format!("{config}\n[[routes]]\npath = \"/*\"\nupstream = [{}]\n", list.join(", "));
    MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).config(&config).start()
}
