//! A connection whose frames are looked at on their way.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::outlet::Outlet;
use super::traffic::Traffic;

/// The stream `S`, behind bytes that were read from it before.
#[derive(Debug)]
pub(super) struct Watched<S> {
    first: Bytes,
    inner: S,
    traffic: Arc<Traffic>,
    outlet: Arc<Outlet>,
}

impl<S> Watched<S> {
    pub(super) const fn new(
        first: Bytes,
        inner: S,
        traffic: Arc<Traffic>,
        outlet: Arc<Outlet>,
    ) -> Self {
        Self { first, inner, traffic, outlet }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.first.is_empty() {
            ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        } else {
            let count = self.first.len().min(buffer.remaining());
            buffer.put_slice(self.first.get(..count).unwrap_or_default());
            self.first.advance(count);
        }
        let came = buffer.filled().get(before..).unwrap_or_default();
        if self.traffic.read(came, now()) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::ErrorKind::InvalidData.into()))
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.outlet.wrote(written.is_ready());
        let count = ready!(written)?;
        self.traffic.wrote(bytes.get(..count).unwrap_or_default(), now());
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.outlet.wrote(written.is_ready());
        let count = ready!(written)?;
        let (mut left, now) = (count, now());
        for slice in slices {
            let part = slice.get(..left.min(slice.len())).unwrap_or_default();
            self.traffic.wrote(part, now);
            left = left.saturating_sub(part.len());
        }
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(cx);
        self.outlet.wrote(flushed.is_ready());
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "deadlines live on the runtime's own clock, which tests pause"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}
