//! One connection, from its first byte to its last.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};

use bytes::{Bytes, BytesMut};
use mantlet_event::Metrics;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::phase::{Phase, PhaseSwitch};
use super::stall::Stalling;
use super::{ConnectionRules, http1, http2};
use crate::http1::Carrier;
use crate::way::{Connection, Seat};

/// How much of a connection is read before it is clear what it speaks, at once, in bytes.
const FIRST_READ: usize = 4096;

/// What an HTTP/2 client sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How one connection is served.
#[derive(Debug)]
pub(super) struct Protocols {
    pub(super) rules: ConnectionRules,
    pub(super) phases: PhaseSwitch,
    pub(super) metrics: Metrics,
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
    pub(super) async fn serve<S>(&self, stream: S, version: Option<Version>, connection: Connection)
    where
        S: AsyncRead + AsyncWrite + Carrier + Unpin + Send + 'static,
    {
        let mut stream = Stalling::new(stream, self.rules.send_timeout, self.metrics.clone());
        let (version, first) = match version {
            Some(version) => (version, Bytes::new()),
            None => {
                let sniffed = tokio::select! {
                    sniffed = Box::pin(self.sniff(&mut stream)) => sniffed,
                    // Nothing was asked on it yet.
                    () = self.phases.reached(Phase::Draining) => return,
                };
                // Gone, or silent for too long, before a single request.
                let Ok(found) = sniffed else { return };
                found
            }
        };
        // Boxed, since an idle connection is to hold no room for the version it does not speak.
        match version {
            Version::One => {
                Box::pin(http1::serve(self, stream, first, connection)).await;
            }
            Version::Two => {
                Box::pin(http2::serve(self, stream, first, connection)).await;
            }
        }
    }

    /// Reads until it is clear which version the client speaks.
    async fn sniff(&self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Version, Bytes)> {
        let mut first = BytesMut::new();
        let mut patience = self.rules.wire.idle_timeout;
        loop {
            let is_silent = first.is_empty();
            let read = tokio::time::timeout(patience, read_some(stream, &mut first));
            let late = |_| {
                let limit = if is_silent { "server.idle_timeout" } else { "server.head_timeout" };
                self.metrics.limit_reached(limit);
                io::ErrorKind::TimedOut
            };
            if read.await.map_err(late)?? == 0 {
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
}

/// Reads what there is into as much memory as it takes, and none while there is nothing.
async fn read_some(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut BytesMut,
) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut scratch = [0; FIRST_READ];
        let mut buffer = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer))?;
        bytes.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}
