//! One connection to a server, and what has been read from it and not yet used.

use std::future::Future as _;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::AsyncReadExt as _;
use tokio::task::coop::unconstrained;

use crate::http1::{Quiet, intake};
use crate::upstream::server::Open;
use crate::upstream::stream::{RawStream, Stream};

/// One connection to a server.
#[derive(Debug)]
pub(in crate::upstream) struct Connection {
    pub(super) stream: Stream,
    /// Read and not yet used.
    pub(super) input: BytesMut,
    /// The buffer of the next request's head.
    pub(super) head: Vec<u8>,
    quiet: Quiet,
    /// The address it leads to; `None` where there is none (a Unix socket).
    peer: Option<SocketAddr>,
    open: Open,
    /// Whether it has been unused before, between two requests.
    has_rested: bool,
    /// Whether it was used again after that.
    has_lasted: bool,
}

impl Connection {
    /// A connection that was just made; `open` counts it for as long as it is there.
    pub(in crate::upstream) fn new(
        stream: Stream,
        peer: Option<SocketAddr>,
        open: Open,
    ) -> Box<Self> {
        let (input, head) = (BytesMut::new(), Vec::new());
        let quiet = Quiet::default();
        let (has_lasted, has_rested) = (false, false);
        Box::new(Self { stream, input, head, quiet, peer, open, has_lasted, has_rested })
    }

    /// The address it leads to.
    pub(in crate::upstream) const fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The buffer for the head of the next request, empty.
    pub(in crate::upstream) const fn head(&mut self) -> &mut Vec<u8> {
        &mut self.head
    }

    /// Reads more; ready with the number of bytes, 0 at the end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        intake::poll_fill(&mut self.stream, cx, &mut self.input)
    }

    /// Ready when nothing has come or gone for `limit`.
    pub(super) fn poll_quiet(&mut self, cx: &mut Context<'_>, limit: Duration) -> Poll<()> {
        self.quiet.poll(cx, limit)
    }

    /// Notes that the exchange goes on.
    pub(super) const fn moved(&mut self) {
        self.quiet.moved();
    }

    /// Whether the other side has neither closed this unused connection nor sent anything on it, as
    /// far as is known without asking the system.
    pub(in crate::upstream) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let (stream, mut byte) = (&mut self.stream, [0; 1]);
        // A task that has done much in its turn is told to wait, whatever there is to read: that
        // would say nothing of the connection.
        pin!(unconstrained(stream.read(&mut byte))).poll(&mut cx).is_pending()
    }

    /// The same, and the system is asked, since the runtime may not have heard of an end just now.
    /// It is not where the connection was used a moment ago (`is_fresh`) and has been used again
    /// before: so the server does not close after every answer, and did not find it idle for long.
    pub(in crate::upstream) fn is_alive(&mut self, is_fresh: bool) -> bool {
        self.is_quiet() && (is_fresh && self.has_lasted || self.stream.is_silent())
    }

    /// Makes the connection small while it is unused; `false` when something was sent on it that
    /// nobody asked for.
    pub(in crate::upstream) fn rest(&mut self) -> bool {
        self.has_lasted = std::mem::replace(&mut self.has_rested, true);
        intake::let_go(&mut self.input);
        self.input.is_empty()
    }

    /// Leaves HTTP.
    pub(super) fn into_raw(self) -> RawStream {
        RawStream::new(self.stream, self.input.freeze(), (self.open, None))
    }
}
