//! Requests, as they reached the fake upstream.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;

use serde_json::Value;

use crate::wire::{Chunked, Headers, decode};

/// The largest head and the largest body that are read.
const MOST: usize = 512 * 1024 * 1024;

/// One request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// The head as it stood on the wire, with the empty line that ends it.
    pub raw_head: Vec<u8>,
    /// The method.
    pub method: String,
    /// The target as it stood in the request line.
    pub target: String,
    /// The header fields.
    pub headers: Headers,
    /// The body without transfer coding; a part of it while more is to come.
    pub body: Vec<u8>,
    /// Whether the body came to its end.
    pub is_complete: bool,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
}

impl Received {
    /// The value of the first header field of this name; `None` when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The head as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn head(&self) -> String {
        String::from_utf8_lossy(&self.raw_head).into_owned()
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The request as the JSON object of [`crate::Answer::Echo`].
    pub(crate) fn to_json(&self) -> Value {
        let headers: Vec<_> = self.headers.iter().collect();
        serde_json::json!({
            "method": self.method,
            "target": self.target,
            "headers": headers,
            "body": self.text(),
        })
    }

    fn parse(raw_head: Vec<u8>, connection: usize) -> Option<Self> {
        let line = raw_head.windows(2).position(|pair| pair == b"\r\n")?;
        let first = String::from_utf8_lossy(&raw_head[..line]).into_owned();
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        words.next().filter(|version| version.starts_with("HTTP/1."))?;
        let headers = Headers::parse(&raw_head[line..])?;
        Some(Self { raw_head, method, target, headers, connection, ..Self::default() })
    }
}

/// Reads requests from one connection.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) stream: TcpStream,
    held: Vec<u8>,
    connection: usize,
}

impl Reader {
    pub(super) const fn new(stream: TcpStream, connection: usize) -> Self {
        Self { stream, held: Vec::new(), connection }
    }

    /// The next request without its body; `None` when the connection ended between requests.
    pub(super) fn head(&mut self) -> io::Result<Option<Received>> {
        loop {
            if let Some(end) = self.held.windows(4).position(|four| four == b"\r\n\r\n") {
                let raw = self.held.drain(..end + 4).collect();
                let parsed = Received::parse(raw, self.connection);
                return parsed.map(Some).ok_or_else(|| ErrorKind::InvalidData.into());
            }
            if !self.more()? {
                let is_between = self.held.is_empty();
                return if is_between { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Reads the body of the request, telling `progress` after each piece.
    pub(super) fn body(
        &mut self,
        request: &mut Received,
        progress: impl Fn(&Received),
    ) -> io::Result<()> {
        while !self.advance(request)? {
            progress(request);
            if !self.more()? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        progress(request);
        Ok(())
    }

    /// Looks at what is there; whether the body is whole.
    fn advance(&mut self, request: &mut Received) -> io::Result<bool> {
        if request.headers.is_chunked() {
            match decode(&self.held) {
                Chunked::Partial(body) => request.body = body,
                Chunked::Garbage => return Err(ErrorKind::InvalidData.into()),
                Chunked::Done { body, used, .. } => {
                    self.held.drain(..used);
                    request.body = body;
                    request.is_complete = true;
                }
            }
            return Ok(request.is_complete);
        }
        let missing = request.headers.content_length().unwrap_or(0) - request.body.len();
        request.body.extend(self.held.drain(..missing.min(self.held.len())));
        let length = request.headers.content_length().unwrap_or(0);
        request.is_complete = request.body.len() == length;
        Ok(request.is_complete)
    }

    /// Bytes that came after the request: the start of another protocol.
    pub(super) fn take_held(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    fn more(&mut self) -> io::Result<bool> {
        if self.held.len() > MOST {
            return Err(ErrorKind::OutOfMemory.into());
        }
        let mut buffer = [0; 64 * 1024];
        let count = self.stream.read(&mut buffer)?;
        self.held.extend_from_slice(&buffer[..count]);
        Ok(count > 0)
    }
}
