//! A connection that speaks HTTP/1.1.
//!
//! The library holds 16 KB of buffers for as long as it holds a connection. Between requests a
//! connection therefore leaves it after a moment: it rests with the filter alone, and comes back
//! with the next byte.

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::Protocols;
use super::phase::Phase;
use super::wire::{WireControl, WireIo};
use crate::way::Connection;

/// How long a connection is quiet, at least, before it leaves the library; twice that at most.
const QUIET: Duration = Duration::from_millis(100);

/// So many header lines the library lists without asking for memory, for every request.
const STACK_HEADERS: usize = 100;

/// The filter under a connection, held by the library while it serves and by us all the time.
#[derive(Debug)]
struct Wire<S>(Arc<Mutex<WireIo<S>>>);

impl<S> Wire<S> {
    fn lock(&self) -> MutexGuard<'_, WireIo<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Clone for Wire<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// What became of one stay in the library.
enum Stay {
    /// The connection is over, or has left HTTP.
    Ended,
    /// Nothing is asked on it.
    Quiet,
}

/// Serves a connection to its end; `first` has been read from it already.
pub(super) async fn serve<S>(protocols: &Protocols, stream: S, first: Bytes, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let control = WireControl::new();
    let is_asked = !first.is_empty();
    let filter = WireIo::new(stream, first, Arc::clone(&protocols.rules.wire), control.clone());
    let wire = Wire(Arc::new(Mutex::new(filter)));
    let connection = Arc::new(Connection { wire: Some(control.clone()), ..connection });
    let mut is_asked = is_asked || rest(protocols, &wire).await;
    while is_asked {
        // Boxed, so that a connection that rests is small.
        match Box::pin(stay(protocols, &wire, &connection)).await {
            Stay::Ended => break,
            Stay::Quiet => is_asked = rest(protocols, &wire).await,
        }
    }
    if control.was_idle() {
        protocols.metrics.limit_reached("server.idle_timeout");
    }
}

/// Waits for the next byte; `false` when there will be none.
async fn rest<S: AsyncRead + Unpin>(protocols: &Protocols, wire: &Wire<S>) -> bool {
    tokio::select! {
        is_asked = poll_fn(|cx| wire.lock().poll_rest(cx)) => is_asked,
        // Nothing is asked on it.
        () = protocols.phases.reached(Phase::Draining) => false,
    }
}

async fn stay<S>(protocols: &Protocols, wire: &Wire<S>, connection: &Arc<Connection>) -> Stay
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(|request: Request<Incoming>| {
        let (worker, connection) = (protocols.seat.worker(), Arc::clone(connection));
        let phases = protocols.phases.clone();
        async move {
            let mut response = worker.answer(&connection, request).await;
            if phases.current() != Phase::Serving
                && response.status() != StatusCode::SWITCHING_PROTOCOLS
            {
                // The client is not to send another request on a connection about to close.
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    // The filter keeps the deadlines and the limits; what it passes is within hyper's own.
    let mut builder = http1::Builder::new();
    builder.half_close(false).header_read_timeout(None);
    builder.max_buf_size(protocols.rules.wire.head_limit.saturating_mul(2).max(64 * 1024));
    let header_count = protocols.rules.wire.header_count_limit;
    if header_count > STACK_HEADERS {
        builder.max_headers(header_count);
    }
    let serving = builder.serve_connection(TokioIo::new(wire.clone()), service).with_upgrades();
    let mut serving = std::pin::pin!(serving);
    // How a connection ended is of no interest: every request on it has its own record.
    tokio::select! {
        _ = serving.as_mut() => return Stay::Ended,
        () = quiet(wire) => return Stay::Quiet,
        () = protocols.phases.reached(Phase::Draining) => serving.as_mut().graceful_shutdown(),
    }
    let _ = serving.await;
    Stay::Ended
}

/// Ends when nothing has been asked for a while and everything asked before is answered and sent.
/// The library then holds nothing of the connection that would be lost with it.
async fn quiet<S>(wire: &Wire<S>) {
    let mut before = None;
    loop {
        tokio::time::sleep(QUIET).await;
        let settled = wire.lock().settled();
        if settled.is_some() && settled == before {
            return;
        }
        before = settled;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.lock().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(cx)
    }
}
