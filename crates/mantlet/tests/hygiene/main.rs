//! Requests that two servers could read differently, over raw sockets: each is refused and
//! explained, or reaches the application as exactly one clean request.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

#[path = "../common/mod.rs"]
mod common;
mod differential;
mod framing;
mod heads;
mod paths;
mod unusual;

use mantlet_testkit::wire::{self, Ending};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use common::{assert_refused, gate};

pub(crate) const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n";
pub(crate) const MALFORMED: (u16, &str) = (400, "malformed-request");
pub(crate) const FRAMING: (u16, &str) = (400, "ambiguous-framing");
pub(crate) const HOST: (u16, &str) = (400, "invalid-host");
pub(crate) const TARGET: (u16, &str) = (400, "invalid-path");
pub(crate) const METHOD: (u16, &str) = (501, "method-not-supported");
pub(crate) const EXPECTATION: (u16, &str) = (417, "expectation-failed");

/// A POST with these header lines, and what follows them.
pub(crate) fn post(lines: &str, rest: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n{rest}")
}

pub(crate) fn start() -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("application"));
    let gate = gate(&upstream, "");
    (upstream, gate)
}

/// Asserts that the bytes get exactly one answer, the refusal, and reach nobody.
pub(crate) fn assert_all_refused(cases: &[(&str, String, (u16, &str))]) {
    let (upstream, gate) = start();
    for (name, bytes, expected) in cases {
        let answer = wire::send_raw(gate.address(), bytes.as_bytes());
        let responses = answer.responses();
        assert_eq!(responses.len(), 1, "{name}: {}", answer.text());
        assert_eq!(answer.ending, Ending::Closed, "{name}: the connection must not go on");
        assert_refused(&gate, &responses[0], *expected, name);
        assert!(
            upstream.is_untouched(),
            "{name}: {:?} {:?}",
            upstream.requests(),
            upstream.faults()
        );
    }
}
