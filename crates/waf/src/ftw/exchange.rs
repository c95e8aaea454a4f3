//! One request, the rules, and the answer of the test back end.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::Deserialize;

use super::message::{Message, Refusal};
use crate::plan::RuleSet;
use crate::transaction::report::{InterruptionAction, Limits, MatchedRule, Outcome};
use crate::transaction::{Connection, Transaction};
use crate::transformations::Transformation;

/// What came of a request.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    /// The status the client sees. `None`: the connection was closed.
    pub(super) status: Option<u16>,
    /// The rules that were logged.
    pub(super) ids: Vec<u64>,
    /// What was logged.
    pub(super) log: String,
}

/// What `POST /reflect` asks the back end to answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reflect {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    encoded_body: String,
}

const fn ok() -> u16 {
    200
}

impl Default for Reflect {
    fn default() -> Self {
        Self {
            status: 200,
            headers: Default::default(),
            body: String::new(),
            encoded_body: String::new(),
        }
    }
}

/// How rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Evaluation {
    /// Those that can match.
    Gated,
    /// All of them, in full.
    Naive,
}

/// Sends a request through.
pub(super) fn run(rules: &Arc<RuleSet>, raw: &[u8], evaluation: Evaluation) -> Exchange {
    let message = match Message::read(raw) {
        Ok(message) => message,
        Err(Refusal::BadRequest) => return Exchange { status: Some(400), ..Exchange::default() },
        Err(Refusal::Closed) => return Exchange::default(),
    };
    let mut transaction =
        Transaction::new(Arc::clone(rules), Connection::local(), Limits::default(), None);
    if evaluation == Evaluation::Naive {
        transaction = transaction.naive();
    }
    let status = phases(&mut transaction, &message);
    transaction.finish(0);
    let mut exchange = Exchange { status, ..Exchange::default() };
    for rule in transaction.matched().iter().filter(|rule| rule.is_logged()) {
        exchange.ids.push(rule.id());
        exchange.log.push_str(&line(rule));
    }
    exchange
}

fn phases(transaction: &mut Transaction, message: &Message) -> Option<u16> {
    transaction.request_line(&message.method, &message.target, &message.protocol);
    for (name, value) in &message.headers {
        transaction.request_header(name, value);
    }
    let head = transaction.request_headers_done();
    if head != Outcome::Pass {
        return refused(&head);
    }
    transaction.request_body(&message.body);
    let body = transaction.request_body_done();
    if body != Outcome::Pass {
        return refused(&body);
    }
    answer(transaction, message)
}

fn answer(transaction: &mut Transaction, message: &Message) -> Option<u16> {
    let is_reflect = message.method == b"POST" && message.target.starts_with(b"/reflect");
    let reflect: Reflect = if is_reflect {
        serde_json::from_slice(&message.body).unwrap_or_default()
    } else {
        Reflect::default()
    };
    let body = if reflect.encoded_body.is_empty() {
        reflect.body.into_bytes()
    } else {
        decoded(&reflect.encoded_body)
    };
    transaction.response_line(b"HTTP/1.1", reflect.status);
    let mut has_type = false;
    for (name, value) in &reflect.headers {
        has_type |= name.eq_ignore_ascii_case("content-type");
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    if !has_type && !body.is_empty() {
        transaction.response_header(b"Content-Type", sniffed(&body));
    }
    let head = transaction.response_headers_done();
    if head != Outcome::Pass {
        return refused(&head);
    }
    transaction.response_body(&body);
    match transaction.response_body_done() {
        Outcome::Pass => Some(reflect.status),
        other => refused(&other),
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    Transformation::Base64Decode.apply(text.as_bytes(), &mut bytes);
    bytes
}

/// The back end is a Go program: without a type it says what the content looks like.
fn sniffed(body: &[u8]) -> &'static [u8] {
    let start = body.trim_ascii_start().to_ascii_lowercase();
    let markup: [&[u8]; 6] = [b"<!doctype html", b"<html", b"<head", b"<script", b"<body", b"<h1"];
    if markup.iter().any(|tag| start.starts_with(tag)) {
        b"text/html; charset=utf-8"
    } else if start.starts_with(b"<?xml") {
        b"text/xml; charset=utf-8"
    } else if body.iter().any(|byte| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f)) {
        b"application/octet-stream"
    } else {
        b"text/plain; charset=utf-8"
    }
}

fn refused(outcome: &Outcome) -> Option<u16> {
    match outcome {
        Outcome::Interrupted(interruption) => match interruption.action {
            InterruptionAction::Deny(status) | InterruptionAction::Redirect(status, _) => {
                Some(status)
            }
            InterruptionAction::Drop => None,
        },
        Outcome::OverBudget(_) => Some(413),
        Outcome::Pass => Some(200),
    }
}

/// A line of the log as the rule set's own tests read it.
fn line(rule: &MatchedRule) -> String {
    let mut line = format!(
        "[id \"{}\"] [msg \"{}\"] [data \"{}\"]",
        rule.id(),
        printable(&rule.message),
        printable(&rule.data)
    );
    for tag in rule.tags() {
        // Writing to a string cannot fail.
        let _ = write!(line, " [tag \"{tag}\"]");
    }
    line.push('\n');
    line
}

/// Control characters as `\\x0d`, as in the log of the reference.
fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_control() {
            // Writing to a string cannot fail.
            let _ = write!(out, "\\x{:02x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}
