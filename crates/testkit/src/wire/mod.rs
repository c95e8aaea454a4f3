//! A client that sends exactly the bytes it is given and reads exactly what comes back.
//!
//! [`get`] and [`request`] for ordinary requests, [`send_raw`] for one exchange of chosen bytes,
//! [`Connection`] for everything that needs several steps: keep-alive, slow bytes, upgrades,
//! [`WebSocket`] for frames.

mod chunked;
mod connection;
mod headers;
mod raw;
mod response;
mod websocket;

pub(crate) use chunked::{Chunked, decode};
pub use connection::Connection;
pub use headers::Headers;
pub use raw::{Ending, RawAnswer, send_raw, send_raw_within};
pub use response::Response;
pub use websocket::{Frame, WebSocket};

use std::net::SocketAddr;
use std::time::Duration;

/// How long an answer may take before the test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The response to a GET with these headers; `Host` is added when it is not among them.
///
/// # Panics
/// When no complete response comes within ten seconds.
#[must_use]
pub fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    request(address, "GET", path, headers, b"")
}

/// The response to a request on a connection of its own. `Host` is added when it is not among
/// `headers`, and so is `Content-Length` when there is a body and no framing.
///
/// # Panics
/// When no complete response comes within ten seconds.
#[must_use]
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response {
    let mut connection = Connection::open(address).unwrap();
    connection.write(&render(address, method, path, headers, body)).unwrap();
    connection
        .read_response_to(method)
        .unwrap_or_else(|error| panic!("no response to {method} {path}: {error}"))
}

/// The bytes of a request, as [`request`] sends them.
#[must_use]
pub fn render(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let has = |name: &str| headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    if !has("host") {
        head += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() && !has("content-length") && !has("transfer-encoding") {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}
