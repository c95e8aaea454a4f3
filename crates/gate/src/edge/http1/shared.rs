//! A connection in the hands of two: whoever reads a body from it, and whoever writes the answer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

use super::body::Source;
use super::socket::Socket;
use crate::http1::{Carrier, Pipe};
use crate::upstream::BodyError;

/// A handle of a connection. Nobody holds the lock while asking for anything else: bodies are read
/// while answers are written.
#[derive(Debug)]
pub(super) struct Shared<S>(Arc<Mutex<Socket<S>>>);

impl<S> Shared<S> {
    pub(super) fn new(socket: Socket<S>) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Socket<S>> {
        lock(&self.0)
    }

    /// The connection; `None` while another handle is left.
    pub(super) fn into_inner(self) -> Option<Socket<S>> {
        let socket = Arc::into_inner(self.0)?;
        Some(socket.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<S: AsyncRead + AsyncWrite + Carrier + Unpin + Send + 'static> Shared<S> {
    /// What the body of the running request is read from.
    pub(super) fn source(&self) -> Arc<dyn Source> {
        Arc::<Mutex<Socket<S>>>::clone(&self.0)
    }
}

fn lock<S>(socket: &Mutex<Socket<S>>) -> MutexGuard<'_, Socket<S>> {
    socket.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: AsyncRead + AsyncWrite + Carrier + Unpin + Send> Source for Mutex<Socket<S>> {
    fn poll_body(
        &self,
        cx: &mut Context<'_>,
        number: u64,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        lock(self).poll_body(cx, number)
    }

    fn pipe(&self, cx: &mut Context<'_>, number: u64) -> Option<Pipe> {
        lock(self).pipe(cx, number)
    }

    fn abandon(&self, number: u64) {
        lock(self).abandon(number);
    }
}

impl<S: AsyncRead + AsyncWrite + Carrier + Unpin> Carrier for &Shared<S> {
    fn is_bare(&self) -> bool {
        self.lock().stream.is_bare()
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        let mut socket = self.lock();
        ready!(socket.poll_ready(cx))?;
        socket.stream.poll_drain(cx, pipe)
    }
}

impl<S: AsyncRead + AsyncWrite + Carrier + Unpin> AsyncWrite for &Shared<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut socket = self.lock();
        ready!(socket.poll_ready(cx))?;
        Pin::new(&mut socket.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut socket = self.lock();
        ready!(socket.poll_ready(cx))?;
        Pin::new(&mut socket.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().stream).poll_shutdown(cx)
    }
}
