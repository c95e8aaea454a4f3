//! Signing in that holds for a connection and not for a request: NTLM, and `Negotiate`, which may
//! be NTLM. The next request on such a connection would be taken for one of the same user.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// Whether a request with these headers may sign its connection in.
pub(in crate::upstream) fn signs_in(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| is_binding(value.as_bytes()))
}

/// Whether credentials, or a list of challenges, are of a scheme that holds for the connection.
pub(super) fn is_binding(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|part| {
        let mut words = part.trim_ascii_start().split(|byte| matches!(byte, b' ' | b'\t'));
        let scheme = words.next().unwrap_or_default();
        [&b"ntlm"[..], b"negotiate"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    })
}
