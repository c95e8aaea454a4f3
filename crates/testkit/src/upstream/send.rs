//! Sending answers.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::sleep;

use super::answer::Answer;
use super::received::{Reader, Received};

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another request may come.
    KeepAlive,
    /// It is over.
    Close,
}

/// Carries out `answer` to `request`.
pub(super) fn send(reader: &mut Reader, request: &Received, answer: &Answer) -> io::Result<Next> {
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
            send(reader, request, &Answer::json(&body))
        }
        Answer::WebSocketEcho => web_socket_echo(reader, request),
        Answer::After(bytes, wait, then) => {
            reader.stream.write_all(bytes)?;
            sleep(*wait);
            send(reader, request, then)
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

/// The accept value is that of the key in RFC 6455, section 1.3: raw clients use that key.
fn web_socket_echo(reader: &mut Reader, request: &Received) -> io::Result<Next> {
    let protocol = request.header("upgrade").unwrap_or("websocket");
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: {protocol}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
    reader.stream.write_all(head.as_bytes())?;
    let early = reader.take_held();
    reader.stream.write_all(&early)?;
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = reader.stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(Next::Close);
        }
        reader.stream.write_all(&buffer[..count])?;
    }
}

/// Reads and drops what still comes: closing before would reset the connection.
pub(super) fn wait_for_the_end(stream: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).is_ok_and(|count| count > 0) {}
    let _ = stream.shutdown(Shutdown::Both);
}
