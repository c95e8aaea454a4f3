//! A WebSocket client that sends exactly the frames it is given.

use std::io;
use std::net::SocketAddr;

use super::{Connection, Response, render};

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
/// The key of the handshake, that of RFC 6455 section 1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The first byte: final bit, reserved bits, opcode.
    pub first: u8,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
    /// Whether it came masked, or is to be.
    pub is_masked: bool,
}

impl Frame {
    /// A masked frame, as clients send them.
    #[must_use]
    pub fn new(first: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { first, payload: payload.into(), is_masked: true }
    }

    /// A whole text message of a client.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(0x81, text)
    }

    /// A whole binary message of a client.
    #[must_use]
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(0x82, payload)
    }

    /// A close frame of a client.
    #[must_use]
    pub fn close(code: u16) -> Self {
        Self::new(0x88, code.to_be_bytes())
    }

    /// The same as servers send it: without a mask.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.is_masked = false;
        self
    }

    /// The close code; `None` when this is no close frame, or has none.
    #[must_use]
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.first_chunk::<2>().filter(|_| self.first == 0x88)?;
        Some(u16::from_be_bytes(*code))
    }

    /// The frame on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.first];
        let flag = if self.is_masked { 0x80 } else { 0 };
        match self.payload.len() {
            size @ ..126 => bytes.push(flag | u8::try_from(size).unwrap()),
            size @ ..65_536 => {
                bytes.push(flag | 126);
                bytes.extend(u16::try_from(size).unwrap().to_be_bytes());
            }
            size => {
                bytes.push(flag | 127);
                bytes.extend(u64::try_from(size).unwrap().to_be_bytes());
            }
        }
        let mask = if self.is_masked { MASK } else { [0; 4] };
        bytes.extend(mask.iter().filter(|_| self.is_masked));
        bytes.extend(self.payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// The frame at the beginning of `bytes` and its length there; `None` while it is not whole.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let (first, second) = (*bytes.first()?, *bytes.get(1)?);
        let (size, start) = match second & 0x7f {
            126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
            short => (usize::from(short), 2),
        };
        let is_masked = second & 0x80 != 0;
        let (mask, start) = match is_masked {
            true => (*bytes.get(start..)?.first_chunk()?, start + 4),
            false => ([0; 4], start),
        };
        let payload = bytes.get(start..start.checked_add(size)?)?;
        let payload = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
        Some((Self { first, payload: payload.collect(), is_masked }, start + size))
    }

    /// Every whole frame in `bytes`.
    #[must_use]
    pub fn parse_all(mut bytes: &[u8]) -> Vec<Self> {
        let mut frames = Vec::new();
        while let Some((frame, used)) = Self::parse(bytes) {
            frames.push(frame);
            bytes = &bytes[used..];
        }
        frames
    }
}

/// An open WebSocket, driven frame by frame.
#[derive(Debug)]
pub struct WebSocket {
    /// The connection under it.
    pub connection: Connection,
    /// The answer to its handshake.
    pub response: Response,
}

impl WebSocket {
    /// Sends a handshake for `path` with these further headers.
    ///
    /// # Errors
    /// The answer, when it is not 101.
    ///
    /// # Panics
    /// When there is no answer within ten seconds.
    pub fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Response> {
        Self::over(Connection::open(address).unwrap(), address, path, headers)
    }

    /// As [`WebSocket::open`], on a connection that is open already.
    ///
    /// # Errors
    /// As [`WebSocket::open`].
    ///
    /// # Panics
    /// As [`WebSocket::open`].
    pub fn over(
        mut connection: Connection,
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Response> {
        let mut all = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY),
        ];
        all.extend(headers);
        connection.write(&render(address, "GET", path, &all, b"")).unwrap();
        let response = connection.read_response().unwrap();
        if response.status == 101 { Ok(Self { connection, response }) } else { Err(response) }
    }

    /// Sends one frame.
    ///
    /// # Errors
    /// When the peer has closed.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        self.connection.write(&frame.bytes())
    }

    /// The next frame.
    ///
    /// # Errors
    /// When the connection ends or ten seconds pass first.
    pub fn read(&mut self) -> io::Result<Frame> {
        self.connection.read_frame()
    }

    /// The close code of the next close frame; what comes before it is dropped.
    ///
    /// # Errors
    /// As [`WebSocket::read`].
    pub fn read_close(&mut self) -> io::Result<Option<u16>> {
        loop {
            let frame = self.read()?;
            if frame.first == 0x88 {
                return Ok(frame.close_code());
            }
        }
    }
}
