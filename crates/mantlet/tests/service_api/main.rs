//! The service API through the real binary, from the attacker's side too.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod accounts;
mod approvals;
mod authorize;
mod backup;
mod conformance;
mod credentials;
mod door;
mod migration;
mod people;
mod repeats;
mod tickets;
mod tokens;

use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};
use serde_json::Value;

/// The longest wait of a test for one thing.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every scope of the service API.
const ALL: [&str; 20] = [
    "users:read",
    "users:write",
    "factors:read",
    "factors:write",
    "links:read",
    "links:write",
    "sessions:read",
    "sessions:write",
    "keys:read",
    "keys:write",
    "tokens:issue",
    "tokens:introspect",
    "tokens:revoke",
    "tickets:issue",
    "roles:read",
    "roles:write",
    "authorize:ask",
    "approvals:read",
    "approvals:write",
    "access:read",
];

/// A gate with an account `admin`, and a key of it.
struct House {
    upstream: FakeUpstream,
    gate: MantletProcess,
    key: String,
}

/// A gate that asks everybody to sign in, with this configuration besides; and a key of an
/// administrator with every scope.
fn house(config: &str) -> House {
    house_of(FakeUpstream::answering(Answer::ok("inside")), config, &ALL)
}

fn house_of(upstream: FakeUpstream, config: &str, scopes: &[&str]) -> House {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).arg("--require-login").config(config).start();
    run(&gate, &["user", "add", "admin", "--role", "admin"]);
    let key = key_of(&gate, "admin", scopes);
    House { upstream, gate, key }
}

/// Runs a subcommand that must be fine, and reads its JSON.
fn run(gate: &MantletProcess, arguments: &[&str]) -> Value {
    let done = gate.command(&[arguments, &["--json"]].concat());
    assert_eq!(done.code, Some(0), "{arguments:?}: {done:#?}");
    serde_json::from_str(&done.stdout).unwrap_or_else(|error| panic!("{error}: {done:#?}"))
}

/// A key of somebody, with these scopes, as the operator issues it.
fn key_of(gate: &MantletProcess, user: &str, scopes: &[&str]) -> String {
    let flags = scopes.iter().flat_map(|scope| ["--scope", *scope]);
    let arguments: Vec<&str> = ["key", "issue", "--user", user].into_iter().chain(flags).collect();
    run(gate, &arguments)["key"].as_str().unwrap().to_owned()
}

impl House {
    /// Asks with a key and these headers.
    fn ask_as(
        &self,
        key: &str,
        (method, path): (&str, &str),
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let bearer = format!("Bearer {key}");
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_null() {
            all.push(("Content-Type", "application/json"));
        }
        wire::request(self.gate.admin(), method, path, &all, text.as_bytes())
    }

    /// Asks as the administrator.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Response {
        self.ask_as(&self.key, (method, path), &[], body)
    }

    fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &Value::Null)
    }

    /// Asks what must come to this status, and reads the answer.
    fn told(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(method, path, body);
        assert_eq!(answer.status, status, "{method} {path} {body}: {answer:?}");
        answer.json()
    }

    /// Adds an account.
    fn add(&self, name: &str, role: &str) {
        let user = serde_json::json!({ "name": name, "roles": [role] });
        self.told("POST", "/v1/users", &user, 201);
    }

    /// Sends a form as the administrator.
    fn form(&self, path: &str, text: &str) -> Response {
        let bearer = format!("Bearer {}", self.key);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        wire::request(self.gate.admin(), "POST", path, &headers, text.as_bytes())
    }

    /// Asks the application behind the gate with a bearer token.
    fn through(&self, token: &str) -> u16 {
        let bearer = format!("Bearer {token}");
        wire::get(self.gate.address(), "/", &[("Authorization", &bearer)]).status
    }
}

/// Asserts that an answer is a problem of this status and code.
#[track_caller]
fn assert_problem(answer: &Response, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{answer:?}");
    assert_eq!(problem["type"], format!("/v1/problems/{code}"));
    assert_eq!(problem["status"], status);
}
