//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::ConnectionRules;
use super::phase::{Phase, PhaseSwitch};
use super::stall::Stalling;
use super::wire::{WireControl, WireIo};
use crate::pipeline::Client;
use crate::way::{Connection, Seat};

/// What an HTTP/2 client sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How one connection is served.
#[derive(Debug)]
pub(super) struct Protocols {
    pub(super) rules: ConnectionRules,
    pub(super) phases: PhaseSwitch,
    /// Who answers its requests.
    pub(super) seat: Arc<Seat>,
}

/// Which HTTP a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

impl Protocols {
    /// Serves a connection whose version is settled (TLS), or looks at its first bytes.
    pub(super) async fn serve<S>(&self, stream: S, version: Option<Version>, client: Client)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut stream = Stalling::new(stream, self.rules.send_timeout);
        let (version, first) = match version {
            Some(version) => (version, Bytes::new()),
            None => {
                let sniffed = tokio::select! {
                    sniffed = self.sniff(&mut stream) => sniffed,
                    // Nothing was asked on it yet.
                    () = self.phases.reached(Phase::Draining) => return,
                };
                // Gone, or silent for too long, before a single request.
                let Ok(found) = sniffed else { return };
                found
            }
        };
        // How a connection ended is of no interest: every request on it has its own record.
        let _ = match version {
            Version::One => self.serve_one(stream, first, client).await,
            Version::Two => self.serve_two(stream, first, client).await,
        };
    }

    /// Reads until it is clear which version the client speaks.
    async fn sniff(&self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Version, Bytes)> {
        let mut first = BytesMut::with_capacity(4096);
        let mut patience = self.rules.wire.idle_timeout;
        loop {
            let read = tokio::time::timeout(patience, stream.read_buf(&mut first));
            if read.await.map_err(|_| io::ErrorKind::TimedOut)?? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let length = first.len().min(PREFACE.len());
            if first.get(..length) != PREFACE.get(..length) {
                return Ok((Version::One, first.freeze()));
            }
            if length == PREFACE.len() {
                return Ok((Version::Two, first.freeze()));
            }
            patience = self.rules.wire.head_timeout;
        }
    }

    async fn serve_one<S>(&self, stream: S, first: Bytes, client: Client) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let control = WireControl::new();
        let io = WireIo::new(stream, first, Arc::clone(&self.rules.wire), control.clone());
        let connection = Arc::new(Connection { client, wire: Some(control) });
        let (seat, phases) = (Arc::clone(&self.seat), self.phases.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (worker, connection) = (seat.worker(), Arc::clone(&connection));
            let phases = phases.clone();
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
        let serving = http1::Builder::new()
            .half_close(false)
            .header_read_timeout(None)
            .max_headers(self.rules.wire.header_count_limit.saturating_add(8))
            .max_buf_size(self.rules.wire.head_limit.saturating_mul(2).max(64 * 1024))
            .serve_connection(TokioIo::new(io), service)
            .with_upgrades();
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = serving.as_mut() => return ended,
            () = self.phases.reached(Phase::Draining) => serving.as_mut().graceful_shutdown(),
        }
        serving.await
    }

    async fn serve_two<S>(&self, stream: S, first: Bytes, client: Client) -> hyper::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // The bytes already read come first again.
        let (reading, writing) = tokio::io::split(stream);
        let stream = tokio::io::join(io::Cursor::new(first).chain(reading), writing);
        let (control, begun) = (WireControl::new(), Arc::new(AtomicU64::new(0)));
        let connection = Arc::new(Connection { client, wire: Some(control.clone()) });
        let counted = Arc::clone(&begun);
        let seat = Arc::clone(&self.seat);
        let service = service_fn(move |request: Request<Incoming>| {
            let (worker, connection) = (seat.worker(), Arc::clone(&connection));
            let begun = Arc::clone(&counted);
            async move {
                // Not before the answer is begun: what is dropped unpolled never ends either.
                begun.fetch_add(1, Ordering::Relaxed);
                Ok::<_, Infallible>(worker.answer(&connection, request).await)
            }
        });
        let header_list = u32::try_from(self.rules.wire.head_limit).unwrap_or(u32::MAX);
        let serving = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.rules.max_streams)
            .max_header_list_size(header_list)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20))
            .serve_connection(TokioIo::new(stream), service);
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = serving.as_mut() => return ended,
            () = self.phases.reached(Phase::Retiring) => serving.as_mut().graceful_shutdown(),
            () = self.idle(&control, &begun) => serving.as_mut().graceful_shutdown(),
        }
        serving.await
    }

    /// Ends when no request has begun or was being answered for the idle time, to within twice
    /// that time. Under HTTP/1.1 the filter sees to that.
    async fn idle(&self, control: &WireControl, begun: &AtomicU64) {
        loop {
            let before = begun.load(Ordering::Relaxed);
            tokio::time::sleep(self.rules.wire.idle_timeout).await;
            if begun.load(Ordering::Relaxed) == before && control.finished() == before {
                return;
            }
        }
    }
}
