//! A connection that has left HTTP.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection that has left HTTP: first the bytes that were read with its last message, then what
/// comes. `K` is kept for as long as it is open.
pub(crate) struct Left<S, K = ()> {
    early: Bytes,
    stream: S,
    kept: K,
}

impl<S, K> Left<S, K> {
    pub(crate) const fn new(stream: S, early: Bytes, kept: K) -> Self {
        Self { early, stream, kept }
    }

    /// The same, which keeps something else.
    pub(crate) fn keeping<T>(self, change: impl FnOnce(K) -> T) -> Left<S, T> {
        let Self { early, stream, kept } = self;
        Left { early, stream, kept: change(kept) }
    }
}

impl<S: AsyncRead + Unpin, K: Unpin> AsyncRead for Left<S, K> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.early.len().min(buffer.remaining());
        buffer.put_slice(self.early.get(..count).unwrap_or_default());
        self.early.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, K: Unpin> AsyncWrite for Left<S, K> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S, K> fmt::Debug for Left<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Left").field("early", &self.early.len()).finish_non_exhaustive()
    }
}
