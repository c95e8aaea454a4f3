//! Just enough HTTP to see whether a proxy is ready and gives the right answer.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(2);

/// A loopback port nobody listens on.
pub(super) fn free_port() -> Outcome<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

/// Asks once for `path`. `None` while nobody answers completely; an error when the answer is
/// not 200 with `length` bytes.
pub(super) fn probe(port: u16, path: &str, length: usize) -> Outcome<Option<()>> {
    let Ok(answer) = fetch(port, path) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Ok(None);
    };
    let status = head.lines().next().unwrap_or_default();
    if status.contains(" 502 ") || status.contains(" 503 ") {
        return Ok(None);
    }
    if status.contains(" 200 ") && body.len() == length {
        return Ok(Some(()));
    }
    Err(format!("port {port} answers `{path}` with `{status}` and {} bytes", body.len()))
}

/// The status with which `path` is answered; `None` while nobody answers.
pub(super) fn status(port: u16, path: &str) -> Option<u16> {
    let answer = fetch(port, path).ok()?;
    let line = answer.split(|byte| *byte == b' ').nth(1)?;
    std::str::from_utf8(line).ok()?.parse().ok()
}

/// Sends a request with this head, but for its last fields, and this body: the whole answer as text.
pub(super) fn ask(port: u16, head: &str, body: &str) -> Outcome<String> {
    let answer = send(port, head, body).map_err(|error| format!("port {port}: {error}"))?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn fetch(port: u16, path: &str) -> std::io::Result<Vec<u8>> {
    send(port, &format!("GET {path} HTTP/1.1\r\n"), "")
}

fn send(port: u16, head: &str, body: &str) -> std::io::Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "{head}Host: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n{body}")?;
    let mut answer = Vec::new();
    stream.take(1 << 20).read_to_end(&mut answer)?;
    Ok(answer)
}
