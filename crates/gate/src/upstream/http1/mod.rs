//! HTTP/1.1 towards the application, without a task of its own: whoever answers the client's
//! request writes the head, reads the answer, and gives the connection back.
//!
//! ```text
//! request    the head of a request as bytes
//! exchange   one request out, one head in, both at the same time
//! head       the head of an answer, read strictly: two readings are none
//! bound      signing in that holds for a connection
//! framing    where its body ends
//! body       the body on its way to the client
//! ```
//! **Never used again** is a connection after any error, after bytes that nobody asked for, after an
//! answer that came before the request was out, after answers whose body must not come but could
//! (those to `HEAD`, unless they say that it is empty), after a request that may sign the connection in, or an answer that
//! asks for that (NTLM), and where the application says so (`Connection: close`, HTTP/1.0, a body that ends with the
//! connection).

mod body;
mod bound;
mod chunked;
mod connection;
mod exchange;
mod fault;
mod framing;
mod head;
mod request;
#[cfg(test)]
mod tests;

pub(super) use body::Streaming;
pub(super) use bound::signs_in;
pub(super) use connection::Connection;
pub(super) use exchange::{Answer, Asked, Body, Failure, exchange};
pub(super) use request::{is_target, write_head};

/// What an answer may be; further ones are no answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Longest head in bytes.
    pub(super) head: usize,
    /// Most header lines.
    pub(super) header_count: usize,
}

/// Reads arbitrary bytes as an answer, head and body, for the fuzzer: whole and cut into pieces
/// they must mean the same.
pub(super) fn fuzz(data: &[u8]) {
    let limits = Limits { head: 8192, header_count: 32 };
    let whole = exchange::read_all(data, data.len().max(1), &limits);
    for size in [1, 3] {
        assert_eq!(whole, exchange::read_all(data, size, &limits), "cut into {size}");
    }
}
