//! What every file of end-to-end tests does: starts the binary, and looks closely at refusals.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::time::Duration;

use mantlet_testkit::wire::Response;
use mantlet_testkit::{FakeUpstream, MantletProcess};
use serde_json::Value;

/// The longest wait of a test for one thing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The binary in front of `upstream`, with this configuration.
pub(crate) fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).start()
}

/// Asserts that `response` is a refusal with this status and reason, that it says nothing but what
/// a client may know, and that the event log explains it. Returns that event.
pub(crate) fn assert_refused(
    gate: &MantletProcess,
    response: &Response,
    (status, reason): (u16, &str),
    about: &str,
) -> Value {
    assert_eq!(response.status, status, "{about}: {response:?}");
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{about}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{about}");
    assert!(response.headers.contains("x-frame-options"), "{about}: {response:?}");
    assert!(!response.headers.contains("server"), "{about}: {response:?}");
    let id = response.header("x-request-id").unwrap_or_else(|| panic!("{about}: {response:?}"));
    assert!(response.is_complete, "{about}: {response:?}");
    let problem = response.json();
    assert_eq!(problem["request_id"], id, "{about}: {problem:#}");
    assert_eq!(problem["status"], status, "{about}: {problem:#}");
    let event = gate.wait_for_refusal(id, PATIENCE);
    assert_eq!(event["reason"], reason, "{about}: {event:#}");
    assert_eq!(event["mode"], "enforce", "{about}: {event:#}");
    assert!(event["guard"].is_string() && event["hint"].is_string(), "{about}: {event:#}");
    event
}
