//! A strict filter between the socket and the HTTP/1 server: the server sees only complete heads
//! that have exactly one reading, and bodies whose framing holds.
//!
//! **Protects against** request smuggling and desynchronisation, host confusion, header
//! injection, slow heads. Where two parsers could disagree the request is refused, not repaired.
//!
//! **How a request goes.** Bytes are read straight into the server's buffer and judged there; a
//! head that is still open is taken back and held until it is complete. The server therefore
//! never has a partial or invalid head, and its own bare answers are never seen.
//!
//! **How a refusal goes.** In place of a refused head the server is given a stand-in request that
//! carries [`VIOLATION_HEADER`], and nothing after it. The handler asks
//! [`WireControl::refusal`] and renders the answer. A body that breaks its framing ends in a read
//! error ([`WireError`]) instead.
//!
//! **What the server must be told.** No header timeout of its own, and a header limit not below
//! [`Rules::header_count_limit`]. The handler takes a [`WireControl::exchange`] for each request.
//!
//! Deliberately absent: trailers and chunk extensions in requests (refused), HTTP/0.9, folded
//! header lines, upgrade to cleartext HTTP/2.

mod bytes;
mod control;
mod fields;
mod framing;
mod head;
mod held;
mod host;
mod io;
mod scan;
mod target;
mod timer;
mod violation;

#[cfg(test)]
mod tests;

use std::time::Duration;

pub use control::{Exchange, WireControl};
pub use fields::VIOLATION_HEADER;
pub use framing::{Body, Chunk, Progress};
pub use head::{HeadEnd, HeadFacts, find_head_end, inspect_head};
pub use io::WireIo;
pub use violation::{Class, Kind, Violation, WireError};

/// The limits of the filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Longest head in bytes, request line and final empty line included.
    pub head_limit: usize,
    /// Longest request target in bytes; 65,534 at most, whatever is set.
    pub target_limit: usize,
    /// Most header lines in a head.
    pub header_count_limit: usize,
    /// Longest time from the first byte of a head to its last.
    pub head_timeout: Duration,
    /// Longest time without a request; up to a quarter more may pass before the connection is
    /// closed.
    pub idle_timeout: Duration,
}

/// Runs every pure part of the filter over arbitrary bytes, for the fuzzer.
pub fn fuzz_head(data: &[u8]) {
    let rules = Rules {
        head_limit: 8192,
        target_limit: 2048,
        header_count_limit: 32,
        head_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
    };
    let _ = inspect_head(data, &rules);
    let _ = Body::chunked().advance(data);
    let _ = scan::Scanner::default().scan(data, &rules);
}
