//! The body of an answer on its way to the client, read from the connection by whoever writes it.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::SizeHint;

use super::connection::Connection;
use super::exchange::{broke_off, poll_send};
use super::framing::{Framing, Piece};
use crate::http1::{Carrier as _, Pipe, Sending};
use crate::upstream::server::Lease;
use crate::upstream::{BodyError, UpstreamBody};

/// A body that is still coming, with the connection it comes on.
#[derive(Debug)]
pub(in crate::upstream) struct Streaming {
    /// `None` once the body is over, or has broken off.
    connection: Option<Box<Connection>>,
    /// The rest of the request, where the answer began before it was out.
    sending: Option<Sending<UpstreamBody>>,
    framing: Framing,
    is_reusable: bool,
    pause: Duration,
    lease: Option<Lease>,
    /// Why the body broke off, told one poll later: what came before goes out to the client first.
    failure: Option<BodyError>,
}

impl Streaming {
    pub(super) fn new(
        connection: Box<Connection>,
        sending: Option<Sending<UpstreamBody>>,
        framing: Framing,
        is_reusable: bool,
        pause: Duration,
    ) -> Self {
        let connection = Some(connection);
        Self { connection, sending, framing, is_reusable, pause, lease: None, failure: None }
    }

    /// Where the connection goes when the body is over.
    pub(in crate::upstream) fn lease(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// The next piece; `None` at the end.
    pub(in crate::upstream) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(failure)));
        }
        match ready!(self.poll_piece(cx)) {
            Some(Err(failure)) => {
                self.connection = None;
                if let Some(lease) = self.lease.take() {
                    lease.broke_off();
                }
                self.failure = Some(failure);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            piece => Poll::Ready(piece),
        }
    }

    /// What has come, in a pipe; `None` where it is to be read, or [`Self::poll`] has more to say.
    pub(in crate::upstream) fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        let is_next = self.sending.is_none() && self.failure.is_none();
        let connection = self.connection.as_mut().filter(|_| is_next)?;
        let Framing::Length(left) = &mut self.framing else { return None };
        if !connection.input.is_empty() {
            return None;
        }
        let pipe = connection.stream.fill(cx, *left)?;
        *left = left.saturating_sub(pipe.held() as u64);
        connection.moved();
        if *left == 0 {
            self.end();
        }
        Some(pipe)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let Some(connection) = &mut self.connection else { return Poll::Ready(None) };
            if let Some(sending) = &mut self.sending
                && poll_send(connection, sending, cx).is_ready()
            {
                // Sent or not: an application that has answered need not read the rest.
                self.sending = None;
            }
            match self.framing.next(&mut connection.input).map_err(broke_off)? {
                Piece::Data(data) => {
                    if self.framing.is_over(&mut connection.input).map_err(broke_off)? {
                        self.end();
                    }
                    return Poll::Ready(Some(Ok(data)));
                }
                Piece::End => {
                    self.end();
                    return Poll::Ready(None);
                }
                Piece::More => {}
            }
            match connection.poll_fill(cx) {
                Poll::Ready(Ok(1..)) => connection.moved(),
                Poll::Ready(Ok(0)) if matches!(self.framing, Framing::UntilClose) => {
                    self.end();
                    return Poll::Ready(None);
                }
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Some(Err(broke_off("the connection was closed"))));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(broke_off(error)))),
                Poll::Pending => {
                    ready!(connection.poll_quiet(cx, self.pause));
                    return Poll::Ready(Some(Err(broke_off("nothing came for too long"))));
                }
            }
        }
    }

    /// Gives the connection back, unless it must not be used again.
    fn end(&mut self) {
        let connection = self.connection.take().filter(|_| self.is_reusable);
        if let Some(lease) = self.lease.take() {
            lease.end(connection);
        }
    }

    /// Whether nothing is to come.
    pub(in crate::upstream) const fn is_over(&self) -> bool {
        self.connection.is_none() && self.failure.is_none()
    }

    /// How much is still to come.
    pub(in crate::upstream) fn size_hint(&self) -> SizeHint {
        match self.framing.left() {
            _ if self.is_over() => SizeHint::with_exact(0),
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::new(),
        }
    }
}
