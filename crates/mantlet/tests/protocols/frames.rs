//! A client that writes HTTP/2 frames as it likes (RFC 9113), and no more than that.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
pub(crate) const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What became of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer with this body.
    Answered(String),
    /// The stream was reset.
    Reset,
    /// The connection ended.
    Ended,
    /// Nothing, for ten seconds.
    Silence,
}

/// A connection on which the preface has been sent.
pub(crate) struct Client {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Client {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut client = Self { stream, held: Vec::new() };
        client.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        client.write(&frame(SETTINGS, 0, 0, &[]));
        client
    }

    /// Another hold on the same connection, to write from another thread.
    pub(crate) fn second_hand(&self) -> Self {
        Self { stream: self.stream.try_clone().unwrap(), held: Vec::new() }
    }

    /// Sends; whether the server still takes it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends a request with these fields and this body.
    pub(crate) fn request(&mut self, stream: u32, fields: &[(&str, &str)], body: &[u8]) -> bool {
        let ends = if body.is_empty() { END_STREAM } else { 0 };
        let mut bytes = frame(HEADERS, END_HEADERS | ends, stream, &block(fields));
        if !body.is_empty() {
            bytes.extend(frame(DATA, END_STREAM, stream, body));
        }
        self.write(&bytes)
    }

    /// Reads until it is clear what became of the request on `stream`.
    pub(crate) fn outcome(&mut self, stream: u32) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut body = Vec::new();
        while Instant::now() < deadline {
            let (kind, flags, on, payload) = match self.next_frame(deadline) {
                Ok(frame) => frame,
                Err(ErrorKind::TimedOut) => return Outcome::Silence,
                Err(_) => return Outcome::Ended,
            };
            match kind {
                SETTINGS if flags & 1 == 0 => {
                    self.write(&frame(SETTINGS, 1, 0, &[]));
                }
                GOAWAY => return Outcome::Ended,
                RST_STREAM if on == stream => return Outcome::Reset,
                DATA if on == stream => body.extend(payload),
                _ => {}
            }
            if on == stream && flags & END_STREAM != 0 && matches!(kind, DATA | HEADERS) {
                return Outcome::Answered(String::from_utf8_lossy(&body).into_owned());
            }
        }
        Outcome::Silence
    }

    fn next_frame(&mut self, deadline: Instant) -> Result<(u8, u8, u32, Vec<u8>), ErrorKind> {
        let head = self.take(9, deadline)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        Ok((head[3], head[4], stream, self.take(length, deadline)?))
    }

    fn take(&mut self, count: usize, deadline: Instant) -> Result<Vec<u8>, ErrorKind> {
        let mut buffer = [0; 16 * 1024];
        while self.held.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof),
                Ok(size) => self.held.extend_from_slice(&buffer[..size]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut);
                }
                Err(error) => return Err(error.kind()),
            }
        }
        Ok(self.held.drain(..count).collect())
    }
}

/// One frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A header block of literals without indexing and without Huffman coding (RFC 7541).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            bytes.push(u8::try_from(text.len()).ok().filter(|length| *length < 127).unwrap());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}
