//! A connection that speaks HTTP/1.1, in one future: it reads a head, lets the way answer, and
//! writes the answer; whoever passes the body on reads it from the connection himself.
//!
//! ```text
//! socket     what comes: heads, bodies, what is dropped, the end
//! shared     the socket in the hands of two
//! body       a request body, read from it
//! answer     the head of an answer as bytes; date is a part of it
//! stay       requests and answers, for as long as one follows the other
//! ```
//! **Between requests** a connection gives up its memory after a moment: it rests with its socket
//! alone, and comes back with the next byte.
//!
//! **An answer before the whole body has come** (a refusal, or the application's) goes out at once.
//! What is left of the body is then read and dropped within `server.discard_limit` and
//! `server.discard_timeout`, and the connection goes on; else it is closed, after the client has had
//! that long to take its answer.

mod answer;
mod body;
mod date;
mod shared;
mod socket;
mod stay;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};

pub(super) use body::Body;
use shared::Shared;
use socket::Socket;
use stay::{End, Stay};

use super::connection::Protocols;
use super::phase::Phase;
use super::wire::WireControl;
use crate::http1::{Carrier, Left, Quiet};
use crate::way::Connection;

/// What carries bytes both ways.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// The client's side of a connection that has left HTTP.
pub(crate) type ClientStream = Left<Box<dyn Duplex>>;

/// How long a connection is quiet, at most, before it rests.
const STAY: Duration = Duration::from_millis(400);

/// Serves a connection to its end; `first` has been read from it already.
pub(super) async fn serve<S>(protocols: &Protocols, stream: S, first: Bytes, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Carrier + Unpin + Send + 'static,
{
    let control = WireControl::default();
    let connection = Connection { wire: Some(control.clone()), ..connection };
    let clock = Arc::clone(&protocols.seat.worker().gate.clock);
    let shared = Shared::new(Socket::new(stream, first, control));
    let idle = protocols.rules.wire.idle_timeout;
    // What a stay is quiet counts as idle, too.
    let stay_limit = STAY.min(idle / 2);
    let mut rest_limit = idle;
    let mut is_asked = shared.lock().is_asked();
    loop {
        if !is_asked && !rest(protocols, &shared, rest_limit).await {
            return;
        }
        let stay = Stay {
            shared: &shared,
            rules: &protocols.rules.wire,
            phases: &protocols.phases,
            quiet: stay_limit,
            clock: &*clock,
            metrics: &protocols.metrics,
        };
        let answer = |request| {
            let (worker, connection) = (protocols.seat.worker(), &connection);
            async move { worker.answer(connection, request).await }
        };
        // Boxed, so that a connection that rests is small.
        match Box::pin(stay.serve(answer)).await {
            End::Over => return,
            End::Quiet => is_asked = false,
            End::Left(way_out) => {
                if let Some(socket) = shared.into_inner() {
                    let (stream, early) = socket.into_parts();
                    // Whoever waited for it may be gone; so is the connection then.
                    let _ = way_out.send(Left::new(Box::new(stream), early, ()));
                }
                return;
            }
        }
        rest_limit = idle.saturating_sub(stay_limit);
    }
}

/// Waits for the next byte; `false` when there will be none.
async fn rest<S: AsyncRead + Carrier + Unpin>(
    protocols: &Protocols,
    shared: &Shared<S>,
    limit: Duration,
) -> bool {
    shared.lock().rest();
    let mut quiet = Quiet::default();
    let waited = poll_fn(|cx| match shared.lock().poll_rest(cx) {
        Poll::Ready(is_asked) => Poll::Ready(Some(is_asked)),
        Poll::Pending => quiet.poll(cx, limit).map(|()| None),
    });
    tokio::select! {
        waited = waited => waited.unwrap_or_else(|| {
            protocols.metrics.limit_reached("server.idle_timeout");
            false
        }),
        // Nothing is asked on it.
        () = protocols.phases.reached(Phase::Draining) => false,
    }
}
