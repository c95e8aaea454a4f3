//! A connection that the test drives step by step.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::response::{Parsed, parse};
use super::{Frame, PATIENCE, Response};

/// An open connection to a server. Every read waits at most ten seconds.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Received and not yet consumed.
    held: Vec<u8>,
}

impl Connection {
    /// Connects to `address`.
    ///
    /// # Errors
    /// When nobody accepts within ten seconds.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect_timeout(&address, PATIENCE)?)
    }

    /// Connects to `address` as a client at `source`; on Linux all of 127.0.0.0/8 will do.
    ///
    /// # Errors
    /// When `source` is no address of this machine, or nobody accepts within ten seconds.
    pub fn open_from(source: IpAddr, address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.bind(&SocketAddr::new(source, 0).into())?;
        socket.connect_timeout(&address.into(), PATIENCE)?;
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream, held: Vec::new() })
    }

    /// The address of this end.
    ///
    /// # Errors
    /// When the socket has none any more.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.stream.local_addr()
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// When the peer has closed or takes nothing for ten seconds.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends `bytes` one piece of `size` at a time, `pause` apart.
    ///
    /// # Errors
    /// As [`Connection::write`].
    pub fn write_slowly(&mut self, bytes: &[u8], size: usize, pause: Duration) -> io::Result<()> {
        for piece in bytes.chunks(size.max(1)) {
            self.write(piece)?;
            std::thread::sleep(pause);
        }
        Ok(())
    }

    /// Ends the sending direction; the peer can still answer.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish_writing(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// The next final response, or 101; the informational ones before it are in its `interim`.
    ///
    /// # Errors
    /// When the connection ends, ten seconds pass, or other bytes come first.
    pub fn read_response(&mut self) -> io::Result<Response> {
        self.read_response_to("GET")
    }

    /// As [`Connection::read_response`], for a request with `method`: that to HEAD has no body.
    ///
    /// # Errors
    /// As [`Connection::read_response`].
    pub fn read_response_to(&mut self, method: &str) -> io::Result<Response> {
        let (deadline, mut interim) = (Instant::now() + PATIENCE, Vec::new());
        let mut has_ended = false;
        loop {
            match parse(&self.held, method != "HEAD", has_ended) {
                Parsed::Whole(response, used) => {
                    self.held.drain(..used);
                    if response.status >= 200 || response.status == 101 {
                        return Ok(Response { interim, ..response });
                    }
                    interim.push(response.status);
                    continue;
                }
                Parsed::Garbage => return Err(self.complaint("not a response")),
                Parsed::Partial(Some(response)) if has_ended => {
                    self.held.clear();
                    return Ok(Response { interim, ..response });
                }
                Parsed::Partial(None) if has_ended => return Err(self.complaint("closed early")),
                Parsed::Partial(_) => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            has_ended = self.read_some(left)? == 0;
        }
    }

    fn complaint(&self, what: &str) -> io::Error {
        let held = String::from_utf8_lossy(&self.held);
        io::Error::new(ErrorKind::InvalidData, format!("{what}: {held:?}"))
    }

    /// Exactly `count` bytes, as they come.
    ///
    /// # Errors
    /// When the connection ends or ten seconds pass first.
    pub fn read_exact(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let deadline = Instant::now() + PATIENCE;
        while self.held.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.read_some(left)? == 0 {
                return Err(self.complaint("closed early"));
            }
        }
        Ok(self.take(count))
    }

    /// The next frame of a WebSocket.
    ///
    /// # Errors
    /// As [`Connection::read_exact`].
    pub fn read_frame(&mut self) -> io::Result<Frame> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some((frame, used)) = Frame::parse(&self.held) {
                self.held.drain(..used);
                return Ok(frame);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.read_some(left)? == 0 {
                return Err(self.complaint("closed early"));
            }
        }
    }

    /// Everything up to and including the first `mark`.
    ///
    /// # Errors
    /// As [`Connection::read_exact`].
    pub fn read_until(&mut self, mark: &[u8]) -> io::Result<Vec<u8>> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.held.windows(mark.len()).position(|bytes| bytes == mark) {
                return Ok(self.take(at + mark.len()));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if self.read_some(left)? == 0 {
                return Err(self.complaint("closed early"));
            }
        }
    }

    /// Whether anything has come, and not been consumed, within `timeout`.
    pub fn has_bytes_within(&mut self, timeout: Duration) -> bool {
        !self.held.is_empty() || self.read_some(timeout).is_ok_and(|count| count > 0)
    }

    /// Whether the peer ends the connection within `timeout`. What it sends until then is dropped.
    pub fn is_closed_within(&mut self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.read_some(left) {
                Ok(0) => return true,
                Ok(_) => self.held.clear(),
                Err(error) => return error.kind() != ErrorKind::TimedOut,
            }
        }
    }

    /// Reads what there is, waiting at most `timeout` for the first byte, and says how many bytes
    /// came; zero when the peer has closed.
    pub(super) fn read_some(&mut self, timeout: Duration) -> io::Result<usize> {
        if timeout.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(timeout))?;
        let mut buffer = [0; 64 * 1024];
        let mut read = self.stream.read(&mut buffer);
        // A read with a time limit ends early where the process was stopped and goes on (signal(7)).
        while read.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
            read = self.stream.read(&mut buffer);
        }
        let count = read.map_err(|error| match error.kind() {
            // Systems differ in what they call a read that timed out.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => ErrorKind::TimedOut.into(),
            _ => error,
        })?;
        self.held.extend_from_slice(&buffer[..count]);
        Ok(count)
    }

    /// Takes the first `count` of the bytes that were read and not yet consumed.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        self.held.drain(..count).collect()
    }
}
