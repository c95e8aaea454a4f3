//! What bytes a request may consist of: heads that have exactly one reading, and bodies whose
//! framing holds. Pure functions and counters; `edge/http1` does the reading and writing.
//!
//! **Protects against** request smuggling and desynchronisation, host confusion, header
//! injection. Where two parsers could disagree the request is refused, not repaired: there is one
//! reading of a head in this process, and it is strict.
//!
//! ```text
//! heads      heads, taken off a stream of bytes
//! head       one of them; fields, target and host are its parts
//! framing    a body, taken off a stream of bytes
//! violation  what a client did wrong, in words for the log
//! reading    whole streams, for the fuzzer and for tests
//! control    what the handler of requests may know of their connection
//! ```
//! Deliberately absent: chunk extensions in requests (refused), HTTP/0.9, folded header lines. An
//! offer to change to cleartext HTTP/2 and trailers are passed over, and go no further.

mod bytes;
mod control;
mod fields;
mod framing;
mod head;
mod heads;
mod host;
mod reading;
mod target;
mod violation;

#[cfg(test)]
pub(super) mod tests;

use std::time::Duration;

pub use control::{Exchange, WireControl};
pub use framing::{Body, Chunk, Piece};
pub use head::{Head, HeadEnd, find_head_end, read_head};
pub use heads::Heads;
use reading::Reading;
pub use violation::{Class, Kind, Violation};

/// The limits of requests on the wire.
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
    /// Most bytes of a body that nobody wants that are read and dropped after its answer.
    pub discard_limit: u64,
    /// How long that may take.
    pub discard_timeout: Duration,
}

/// Reads arbitrary bytes as requests, for the fuzzer: whole and cut into pieces they must mean the
/// same.
pub fn fuzz_head(data: &[u8]) {
    let rules = Rules {
        head_limit: 8192,
        target_limit: 2048,
        header_count_limit: 32,
        head_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        discard_limit: 0,
        discard_timeout: Duration::from_secs(1),
    };
    let whole = Reading::of(data, &[data.len()], &rules);
    for size in [1, 3] {
        let cut = Reading::of(data, &[size], &rules);
        assert_eq!(whole.gist(), cut.gist(), "cut into {size}");
    }
}

/// Reads arbitrary bytes as a chunked body, for the fuzzer: whole and cut into pieces they must mean
/// the same.
pub fn fuzz_body(data: &[u8]) {
    let head = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    fuzz_head(&[head, data].concat());
}
