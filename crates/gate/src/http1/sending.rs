//! A message on its way out: head and body, in one write where they fit.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::AsyncWrite;

use super::{Carrier, Pipe, Piped};
use crate::upstream::BodyError;

/// A piece of a body up to this size, in bytes, is copied behind what goes out before it: less work
/// than a write of several parts.
const COPIED: usize = 2048;

/// What a message says about its own body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// There is no body, whatever the headers say.
    Said,
    /// So many bytes; the headers do not say it.
    Known(u64),
    /// Nobody knows: it goes out in chunks.
    Unknown,
    /// Nobody knows, and the other side reads no chunks: it ends with the connection.
    UntilClose,
}

impl Length {
    /// Ends a head with what it says about the body.
    fn end_head(self, head: &mut Vec<u8>) {
        match self {
            Self::Said | Self::UntilClose => {}
            Self::Known(bytes) => {
                head.extend_from_slice(b"content-length: ");
                push_decimal(head, bytes);
                head.extend_from_slice(b"\r\n");
            }
            Self::Unknown => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
        head.extend_from_slice(b"\r\n");
    }
}

/// Appends `number` in decimal digits.
fn push_decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0'.saturating_add(u8::try_from(number % 10).unwrap_or_default());
        number /= 10;
        first = first.saturating_sub(1);
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// A message that is being written.
#[derive(Debug)]
pub(crate) struct Sending<B> {
    /// The head, later the size line of a chunk.
    head: Vec<u8>,
    /// So much of `head` is written.
    written: usize,
    data: Bytes,
    tail: &'static [u8],
    /// The piece of the body that stands in `head` and is not out yet.
    copied: Bytes,
    /// The piece of the body that is not in memory.
    piped: Option<Pipe>,
    body: B,
    framing: Outgoing,
    /// Bytes written so far.
    total: u64,
}

/// How the body goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outgoing {
    Counted(u64),
    Chunked,
    UntilClose,
    /// All of it is in the buffers.
    Over,
}

/// Why a message did not go out.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The body broke off.
    Body(BodyError),
    /// The connection did.
    Connection(io::Error),
}

impl<B: Piped> Sending<B> {
    /// A message of this head, still without its end, and body.
    pub(crate) fn new(mut head: Vec<u8>, body: B, length: Length) -> Self {
        length.end_head(&mut head);
        let framing = match length {
            Length::Unknown => Outgoing::Chunked,
            Length::UntilClose => Outgoing::UntilClose,
            Length::Known(bytes) if bytes > 0 => Outgoing::Counted(bytes),
            Length::Known(_) | Length::Said => Outgoing::Over,
        };
        let (data, tail) = (Bytes::new(), &b""[..]);
        let copied = Bytes::new();
        Self { head, written: 0, data, tail, copied, piped: None, body, framing, total: 0 }
    }

    /// Writes what can be written; ready when all of it is out.
    pub(crate) fn poll(
        &mut self,
        stream: &mut (impl AsyncWrite + Carrier + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        loop {
            // What is there of the body goes out together with what stands before it. Nothing more
            // is taken until that is out: it would gather here while the other side takes nothing.
            let is_out = self.data.is_empty() && self.copied.is_empty() && self.piped.is_none();
            let is_waiting = is_out && self.poll_data(stream.is_bare(), cx)?.is_pending();
            ready!(self.flush(stream, cx)).map_err(SendError::Connection)?;
            if self.framing == Outgoing::Over && self.is_written() {
                return ready_flush(stream, cx);
            }
            if is_waiting {
                // What went out so far must not lie in a buffer of TLS.
                let _ = ready_flush(stream, cx)?;
                return Poll::Pending;
            }
        }
    }

    /// Takes the next piece of the body, where there is one and the last one is out.
    fn poll_data(&mut self, is_bare: bool, cx: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.framing == Outgoing::Over || !self.tail.is_empty() {
            return Poll::Ready(Ok(()));
        }
        // Not before the head: until something is out, the message may go another way.
        if is_bare
            && self.total > 0
            && matches!(self.framing, Outgoing::Counted(_))
            && let Some(pipe) = self.body.pipe(cx)
        {
            self.count(pipe.held() as u64)?;
            self.piped = Some(pipe);
            return Poll::Ready(Ok(()));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let frame = frame.transpose().map_err(SendError::Body)?;
        match frame.map(|frame| frame.into_data().unwrap_or_default()) {
            Some(data) => self.take_data(data)?,
            None => self.end()?,
        }
        Poll::Ready(Ok(()))
    }

    fn take_data(&mut self, data: Bytes) -> Result<(), SendError> {
        match &mut self.framing {
            Outgoing::Counted(_) => self.count(data.len() as u64)?,
            Outgoing::Chunked if !data.is_empty() => {
                self.make_room();
                self.head.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
                self.tail = b"\r\n";
                if self.body.is_end_stream() {
                    self.tail = b"\r\n0\r\n\r\n";
                    self.framing = Outgoing::Over;
                }
            }
            Outgoing::Chunked | Outgoing::UntilClose | Outgoing::Over => {}
        }
        self.data = data;
        Ok(())
    }

    /// Counts `size` bytes more of a body whose length was said.
    fn count(&mut self, size: u64) -> Result<(), SendError> {
        let Outgoing::Counted(left) = self.framing else { return Ok(()) };
        let rest = left.checked_sub(size);
        let rest = rest.ok_or_else(|| SendError::Body(BodyError("longer than said".into())))?;
        self.framing = if rest == 0 { Outgoing::Over } else { Outgoing::Counted(rest) };
        Ok(())
    }

    fn end(&mut self) -> Result<(), SendError> {
        match self.framing {
            Outgoing::Counted(_) => Err(SendError::Body(BodyError("shorter than said".into()))),
            Outgoing::Chunked => {
                self.make_room();
                self.head.extend_from_slice(b"0\r\n\r\n");
                self.framing = Outgoing::Over;
                Ok(())
            }
            Outgoing::UntilClose | Outgoing::Over => {
                self.framing = Outgoing::Over;
                Ok(())
            }
        }
    }

    /// Forgets what is written.
    fn make_room(&mut self) {
        if self.written == self.head.len() {
            self.head.clear();
            self.written = 0;
        }
    }

    fn flush(
        &mut self,
        stream: &mut (impl AsyncWrite + Carrier + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.gather();
        while !self.is_written() {
            let head = self.head.get(self.written..).unwrap_or_default();
            let slices = [IoSlice::new(head), IoSlice::new(&self.data), IoSlice::new(self.tail)];
            let stream = Pin::new(&mut *stream);
            let count = match (head.is_empty(), self.data.is_empty(), self.tail.is_empty()) {
                (_, true, true) => ready!(stream.poll_write(cx, head))?,
                (true, _, true) => ready!(stream.poll_write(cx, &self.data))?,
                _ => ready!(stream.poll_write_vectored(cx, &slices))?,
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.total = self.total.saturating_add(count as u64);
            self.advance(count);
        }
        // The memory it came in is free for the next read.
        self.data = Bytes::new();
        self.copied = Bytes::new();
        while let Some(pipe) = self.piped.as_mut().filter(|pipe| pipe.held() > 0) {
            let count = ready!(stream.poll_drain(cx, pipe))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.total = self.total.saturating_add(count as u64);
        }
        self.piped = None;
        Poll::Ready(Ok(()))
    }

    /// Makes one part of several small ones.
    fn gather(&mut self) {
        if !self.data.is_empty() && self.data.len() <= COPIED && self.written < self.head.len() {
            self.head.extend_from_slice(&self.data);
            self.head.extend_from_slice(self.tail);
            self.copied = std::mem::take(&mut self.data);
            self.tail = b"";
        }
    }

    fn advance(&mut self, count: usize) {
        let of_head = count.min(self.head.len().saturating_sub(self.written));
        self.written = self.written.saturating_add(of_head);
        let rest = count.saturating_sub(of_head);
        let of_data = rest.min(self.data.len());
        self.data.advance(of_data);
        let of_tail = rest.saturating_sub(of_data).min(self.tail.len());
        self.tail = self.tail.get(of_tail..).unwrap_or_default();
    }

    fn is_written(&self) -> bool {
        self.written == self.head.len() && self.data.is_empty() && self.tail.is_empty()
    }

    /// How many bytes were written so far.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// The body of a message that has not begun to go out, and the piece of it that was taken.
    pub(crate) fn into_body(self) -> (B, Bytes) {
        (self.body, if self.data.is_empty() { self.copied } else { self.data })
    }

    /// The buffer of its head.
    pub(crate) fn into_head(self) -> Vec<u8> {
        self.head
    }
}

fn ready_flush(
    stream: &mut (impl AsyncWrite + Unpin),
    cx: &mut Context<'_>,
) -> Poll<Result<(), SendError>> {
    Pin::new(stream).poll_flush(cx).map_err(SendError::Connection)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body::{Body, Frame};
    use tokio::io::duplex;

    use super::*;

    /// Small pieces without end.
    struct Endless;

    impl Body for Endless {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1000])))))
        }
    }

    impl Piped for Endless {
        fn pipe(&mut self, _cx: &mut Context<'_>) -> Option<Pipe> {
            None
        }
    }

    #[test]
    fn nothing_gathers_while_the_other_side_takes_nothing() {
        let (mut near, _far) = duplex(1);
        let mut cx = Context::from_waker(Waker::noop());
        let head = b"HTTP/1.1 200 OK\r\n".to_vec();
        let mut sending = Sending::new(head, Endless, Length::Unknown);
        for _ in 0..100 {
            assert!(sending.poll(&mut near, &mut cx).is_pending());
        }
        assert!(sending.head.len() < 2 * COPIED, "{}", sending.head.len());
    }

    #[test]
    fn numbers_are_written_in_digits() {
        for number in [0, 7, 10, 65_536, u64::MAX] {
            let mut out = Vec::new();
            push_decimal(&mut out, number);
            assert_eq!(out, number.to_string().into_bytes());
        }
    }
}
