//! Entry points for the fuzzers and for the replay of their corpora; of no other use.

use crate::edge::{proxy_protocol, wire};
use crate::stages::hygiene::{PathPolicy, normalize};
use crate::websocket;

/// The head of an HTTP/1.1 request, and its body as chunked framing.
pub fn head(data: &[u8]) {
    wire::fuzz_head(data);
}

/// A chunked body.
pub fn body(data: &[u8]) {
    wire::fuzz_body(data);
}

/// The frames of one direction of a WebSocket.
pub fn websocket(data: &[u8]) {
    websocket::fuzzing::frames(data);
}

/// An application's answer, head and body: cut into pieces it means what it means whole.
pub fn answer(data: &[u8]) {
    crate::upstream::fuzz_answer(data);
}

/// A path: its normal form is its own normal form.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for policy in [PathPolicy::default(), PathPolicy::lenient()] {
        let Ok(normal) = normalize(text, &policy) else { continue };
        let again = normalize(normal.as_str(), &policy);
        assert!(
            again.is_ok_and(|again| again.as_str() == normal.as_str()),
            "not a normal form: {:?}",
            normal.as_str()
        );
    }
}

/// A PROXY header: read the same in any pieces, whatever stands behind it.
pub fn proxy_header(data: &[u8]) {
    proxy_protocol::fuzz(data);
}
