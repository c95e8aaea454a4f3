//! Sending answers.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::answer::Answer;
use super::received::{Reader, Received};
use crate::wire::Frame;

/// What is hashed with the key of a handshake (RFC 6455 section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another request may come.
    KeepAlive,
    /// It is over.
    Close,
}

/// Carries out `answer` to `request`; `record` gets what comes after a switch of protocols.
pub(super) fn send(
    reader: &mut Reader,
    request: &Received,
    answer: &Answer,
    record: &mut dyn FnMut(&[u8]),
) -> io::Result<Next> {
    match answer {
        Answer::Full { status, headers, body } => {
            reader.stream.write_all(&full(request, *status, headers, body))?;
            Ok(Next::KeepAlive)
        }
        Answer::Chunked { .. } => chunked(&mut reader.stream, answer),
        Answer::Raw(bytes) => {
            reader.stream.write_all(bytes)?;
            Ok(Next::Close)
        }
        Answer::Silence => {
            wait_for_the_end(&mut reader.stream);
            Ok(Next::Close)
        }
        Answer::Hangup => Ok(Next::Close),
        Answer::Echo => {
            let body = request.to_json().to_string();
            send(reader, request, &Answer::json(&body), record)
        }
        Answer::WebSocketEcho => web_socket(reader, request, (&[], &[]), record),
        Answer::WebSocket { headers, first } => {
            web_socket(reader, request, (headers, first), record)
        }
        Answer::After(bytes, wait, then) => {
            reader.stream.write_all(bytes)?;
            sleep(*wait);
            send(reader, request, then, record)
        }
    }
}

fn full(request: &Received, status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = head(status, headers).into_bytes();
    if !matches!(status, 204 | 304) {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    bytes.extend(b"\r\n");
    if request.method != "HEAD" {
        bytes.extend(body);
    }
    bytes
}

fn head(status: u16, headers: &[(String, String)]) -> String {
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    format!("HTTP/1.1 {status} Scripted\r\n{}", lines.collect::<String>())
}

fn chunked(stream: &mut TcpStream, answer: &Answer) -> io::Result<Next> {
    let Answer::Chunked { status, headers, chunks, pause, trailers } = answer else {
        return Ok(Next::Close);
    };
    let head = head(*status, headers) + "Transfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    for (index, chunk) in chunks.iter().filter(|chunk| !chunk.is_empty()).enumerate() {
        if index > 0 {
            sleep(*pause);
        }
        let mut bytes = format!("{:x}\r\n", chunk.len()).into_bytes();
        bytes.extend(chunk);
        bytes.extend(b"\r\n");
        stream.write_all(&bytes)?;
    }
    let fields = trailers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    stream.write_all(format!("0\r\n{}\r\n", fields.collect::<String>()).as_bytes())?;
    Ok(Next::KeepAlive)
}

/// Speaks WebSocket: `record` gets the bytes that come.
fn web_socket(
    reader: &mut Reader,
    request: &Received,
    (headers, first): (&[(String, String)], &[u8]),
    record: &mut dyn FnMut(&[u8]),
) -> io::Result<Next> {
    let key = request.header("sec-websocket-key").unwrap_or_default();
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    let accept = STANDARD.encode(hash);
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n{}\r\n",
        lines.collect::<String>()
    );
    reader.stream.write_all(head.as_bytes())?;
    reader.stream.write_all(first)?;
    let (mut held, mut buffer) = (reader.take_held(), vec![0; 64 * 1024]);
    record(&held);
    loop {
        while let Some((frame, used)) = Frame::parse(&held) {
            held.drain(..used);
            let first = if frame.first == 0x89 { 0x8a } else { frame.first };
            if frame.first != 0x8a {
                reader.stream.write_all(&Frame { first, ..frame.clone() }.unmasked().bytes())?;
            }
            if frame.first == 0x88 {
                return Ok(Next::Close);
            }
        }
        let count = reader.stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(Next::Close);
        }
        record(&buffer[..count]);
        held.extend_from_slice(&buffer[..count]);
    }
}

/// Reads and drops what still comes: closing before would reset the connection.
pub(super) fn wait_for_the_end(stream: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    let _ = stream.shutdown(Shutdown::Both);
}
