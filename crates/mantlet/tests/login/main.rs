//! Signing in, keys, tokens and access through the real binary, from the attacker's side too.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod accounts;
mod approvals;
mod assertions;
mod busy;
mod callers;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod exports;
mod facts;
mod issuer_settings;
mod issuers;
mod keys;
mod mail;
mod outside;
mod owners;
mod passkeys;
mod passkeys_in_a_browser;
mod paths;
mod person;
#[cfg(feature = "cedar")]
mod policies;
mod providers;
mod second_factor;
mod settings;
mod sign_in;
mod sockets;
mod step_up;
mod stored;
mod tokens;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};
use serde_json::Value;

use person::Person;

/// What everybody's password is in these tests, unless it is made for them.
const PASSWORD: &str = "marble-harbour-violet-engine";

/// An application behind a gate that asks everybody to sign in, with this configuration besides.
fn closed(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).arg("--require-login").config(config).start();
    (upstream, gate)
}

/// The same, with what routes ask for alone.
fn asking(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("inside"));
    let gate = common::gate(&upstream, config);
    (upstream, gate)
}

/// Runs a subcommand that must be fine, and reads its JSON.
fn json(gate: &MantletProcess, arguments: &[&str]) -> Value {
    let done = gate.command(&[arguments, &["--json"]].concat());
    assert_eq!(done.code, Some(0), "{arguments:?}: {done:#?}");
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"))
}

/// Adds an account whose password is made for it.
fn add(gate: &MantletProcess, name: &str, role: &str) -> String {
    let user = json(gate, &["user", "add", name, "--role", role]);
    user["password"].as_str().unwrap().to_owned()
}

/// Issues a key: its id and its text.
fn key(gate: &MantletProcess, user: &str, more: &[&str]) -> (String, String) {
    let issued = json(gate, &[&["key", "issue", "--user", user], more].concat());
    (issued["id"].as_str().unwrap().to_owned(), issued["key"].as_str().unwrap().to_owned())
}

/// Asks for a path with a key.
fn with_key(gate: &MantletProcess, path: &str, key: &str) -> Response {
    wire::get(gate.address(), path, &[("X-API-Key", key)])
}

/// Somebody who is signed in.
fn signed_in<'a>(gate: &'a MantletProcess, name: &str, role: &str) -> Person<'a> {
    let password = add(gate, name, role);
    let mut person = Person::new(gate);
    let answer = person.sign_in(name, &password);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{answer:?}");
    person
}

#[cfg(not(feature = "cedar"))]
#[test]
fn a_build_without_cedar_refuses_policies_and_says_what_to_do() {
    let folder = mantlet_testkit::TempFolder::new();
    let policies = folder.write("some.cedar", "permit(principal, action, resource);");
    let config = format!("[access.cedar]\npolicies = [\"{}\"]\n", policies.display());
    let file = folder.write("mantlet.toml", &config);
    let (_upstream, gate) = asking("");
    let upstream = "http://127.0.0.1:1";
    let checked =
        gate.command(&["check", "--upstream", upstream, "--config", file.to_str().unwrap()]);
    assert_ne!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stderr.contains("--features cedar"), "{checked:?}");
    mantlet_testkit::left_out("policies in Cedar", "built without it: cargo xtask test --full");
}
