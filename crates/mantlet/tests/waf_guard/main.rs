//! The WAF through the real binary, from the attacker's side: native detectors and rules.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod answers;
mod attacks;
mod audit;
mod clients;
#[path = "../common/mod.rs"]
mod common;
mod core_rules;
mod grpc;
mod hidden;
mod ordinary;
mod regression;
mod rules;

use std::fmt::Write as _;
use std::net::SocketAddr;

use mantlet_testkit::wire::{self, Response};

/// An SQL injection that nobody writes by accident.
const SQL: &str = "1' or 1=1-- -";

/// `text` as it stands in a query.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").unwrap();
        }
        escaped
    })
}

/// `text` as a string of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn get(address: SocketAddr, target: &str) -> Response {
    wire::get(address, target, &[])
}

fn post(address: SocketAddr, kind: &str, body: impl AsRef<[u8]>) -> Response {
    wire::request(address, "POST", "/", &[("Content-Type", kind)], body.as_ref())
}
