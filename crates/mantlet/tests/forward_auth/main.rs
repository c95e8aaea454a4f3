//! Other proxies ask about requests that they pass on themselves: by the wire, and real ones with the
//! recipes of `docs/explanation/forward-auth.md`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod common;
mod neighbours;
mod questions;

use std::net::SocketAddr;

use mantlet_testkit::{MantletProcess, free_address};
use serde_json::Value;

/// A gate that other proxies ask, with no application of its own; and where it is asked.
fn asked(config: &str) -> (MantletProcess, SocketAddr) {
    let asking = free_address();
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.forward_auth]\nlisten = [\"{asking}\"]\n\
         [client]\ntrusted_proxies = [\"127.0.0.1\"]\n{config}"
    );
    let gate = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).config(&config).start();
    (gate, asking)
}

/// Runs a subcommand that must be fine, and reads its JSON.
fn json(gate: &MantletProcess, arguments: &[&str]) -> Value {
    let done = gate.command(&[arguments, &["--json"]].concat());
    assert_eq!(done.code, Some(0), "{arguments:?}: {done:#?}");
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"))
}

/// An account: its password, and a key that acts for it.
fn account(gate: &MantletProcess, name: &str) -> (String, String) {
    let user = json(gate, &["user", "add", name, "--role", "user"]);
    let issued = json(gate, &["key", "issue", "--user", name]);
    (user["password"].as_str().unwrap().to_owned(), issued["key"].as_str().unwrap().to_owned())
}

const ROUTES: &str = "[access]\nrequire = \"login\"\nprofile = \"research\"\n\
    [[routes]]\npath = \"/users/{user}/*\"\nrequire = { owner = \"{user}\" }\n\
    [[routes]]\npath = \"/admin/*\"\nrequire = { role = \"admin\" }\n\
    [[routes]]\npath = \"/never/*\"\ndeny = true\n\
    [[routes]]\npath = \"/about\"\nrequire = \"none\"\n";
