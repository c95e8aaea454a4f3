//! WebSockets through the real binary: handshakes, pages, tokens, frames, limits, and what guards
//! see of messages.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

#[path = "../common/mod.rs"]
mod common;
mod compression;
mod handshake;
mod limits;
mod messages;
mod protocol;
mod token;

use std::time::Duration;

use mantlet_testkit::wire::{Frame, Response, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, poll_until};
use serde_json::Value;

use common::PATIENCE;

/// An application that echoes, behind a gate with this configuration.
fn echo(config: &str) -> (FakeUpstream, MantletProcess) {
    behind(Answer::WebSocketEcho, config)
}

fn behind(answer: Answer, config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(answer);
    let gate = common::gate(&upstream, config);
    (upstream, gate)
}

fn open(gate: &MantletProcess) -> WebSocket {
    try_open(gate, &[]).unwrap_or_else(|response| panic!("{response:?}"))
}

fn try_open(gate: &MantletProcess, headers: &[(&str, &str)]) -> Result<WebSocket, Response> {
    WebSocket::open(gate.address(), "/ws", headers)
}

/// The frames that have reached the application on all its WebSockets.
fn received(upstream: &FakeUpstream) -> Vec<Frame> {
    upstream.requests().iter().flat_map(|request| Frame::parse_all(&request.body)).collect()
}

/// The close code that reaches the application.
fn told(upstream: &FakeUpstream) -> Option<u16> {
    let closed = || received(upstream).iter().find_map(Frame::close_code);
    poll_until(PATIENCE, closed)
}

/// Asserts that both sides are told `code`, that the event log has `reason`, that `mantlet explain`
/// finds it by the id of the handshake, and that the connection ends. The event.
fn assert_closed(
    gate: &MantletProcess,
    upstream: &FakeUpstream,
    socket: &mut WebSocket,
    (code, reason): (u16, &str),
    about: &str,
) -> Value {
    assert_eq!(socket.read_close().unwrap(), Some(code), "{about}");
    assert_eq!(told(upstream), Some(code), "{about}: {:?}", received(upstream));
    assert!(socket.connection.is_closed_within(PATIENCE), "{about}");
    let id = socket.response.header("x-request-id").unwrap().to_owned();
    let is_refusal = |event: &Value| event["request_id"] == *id && event["reason"] == reason;
    let event = gate.wait_for_event(is_refusal, PATIENCE);
    let explained = gate.command(&["explain", &id]);
    assert!(explained.stdout.contains(reason), "{about}: {explained:#?}");
    event
}

fn assert_limit(gate: &MantletProcess, limit: &str) {
    let metric = format!("mantlet_limit_reached_total{{limit=\"{limit}\"}} 1");
    let is_counted = || gate.metrics().contains(&metric).then_some(());
    assert!(poll_until(PATIENCE, is_counted).is_some(), "{limit}: {}", gate.metrics());
}

const SHORT: Duration = Duration::from_millis(200);
