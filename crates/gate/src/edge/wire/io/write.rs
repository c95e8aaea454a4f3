//! The write side: untouched, up to the last word, after which the client is heard out.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{HELD_READ, Mode, WireIo};

/// How much of what a client still sends after its last answer is read and dropped, so that the
/// answer is not lost in a connection reset, in bytes.
const LINGER_LIMIT: usize = 256 * 1024;

/// How long that goes on.
const LINGER_TIME: Duration = Duration::from_secs(1);

impl<S: AsyncRead + Unpin> WireIo<S> {
    /// Drops what the client still sends, within limits; ready when that is over.
    fn linger(&mut self, cx: &mut Context<'_>, mut dropped: usize) -> Poll<()> {
        let mut scratch = [0; HELD_READ];
        while dropped < LINGER_LIMIT && !self.timer.is_over(cx) {
            let mut buf = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {
                    dropped = dropped.saturating_add(buf.filled().len());
                    self.mode = Mode::Lingering(dropped);
                }
                _ => break,
            }
        }
        self.mode = Mode::Closed;
        Poll::Ready(())
    }

    /// Whether the client may still be sending what nobody reads.
    const fn has_unread_rest(&self) -> bool {
        match self.mode {
            Mode::Refused(_) => true,
            Mode::Http => !self.scanner.is_at_head(),
            _ => false,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WireIo<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_unflushed = true;
        Pin::new(&mut this.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.is_unflushed = true;
        Pin::new(&mut this.inner).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.inner).poll_flush(cx))?;
        this.is_unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Mode::Lingering(dropped) = this.mode {
            return this.linger(cx, dropped).map(Ok);
        }
        ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
        if !this.has_unread_rest() {
            return Poll::Ready(Ok(()));
        }
        this.timer.wait_from_now(LINGER_TIME);
        this.mode = Mode::Lingering(0);
        this.linger(cx, 0).map(Ok)
    }
}
