//! What follows the head of a client's request, whatever version of HTTP it comes by.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::sync::oneshot;

use super::http1;
use crate::http1::Pipe;
use crate::upstream::{BodyError, poll_two};

/// The body of a client's request.
#[derive(Debug)]
pub(crate) struct RequestBody(Kind);

#[derive(Debug)]
enum Kind {
    Empty,
    One(http1::Body),
    Two(Incoming),
    /// No body, but the connection, once it has left HTTP.
    Leaving(WayOut),
}

/// Where a connection goes that leaves HTTP, once the answer that lets it go is out.
pub(crate) type WayOut = oneshot::Receiver<ClientStream>;

pub(crate) use super::http1::ClientStream;

impl RequestBody {
    /// No body.
    pub(crate) const fn empty() -> Self {
        Self(Kind::Empty)
    }

    pub(super) const fn one(body: http1::Body) -> Self {
        Self(Kind::One(body))
    }

    /// A request that asks to leave HTTP.
    pub(super) const fn leaving(way_out: WayOut) -> Self {
        Self(Kind::Leaving(way_out))
    }

    /// What has come, in a pipe; `None` where it comes as a frame.
    pub(crate) fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        match &mut self.0 {
            Kind::One(body) => body.pipe(cx),
            Kind::Empty | Kind::Two(_) | Kind::Leaving(_) => None,
        }
    }

    /// The connection of a request that may leave HTTP; `None` of any other. It leaves HTTP with an
    /// answer of status 101, and never where this is not taken.
    pub(crate) fn way_out(self) -> Option<WayOut> {
        match self.0 {
            Kind::Leaving(way_out) => Some(way_out),
            Kind::Empty | Kind::One(_) | Kind::Two(_) => None,
        }
    }
}

impl From<Incoming> for RequestBody {
    fn from(body: Incoming) -> Self {
        Self(Kind::Two(body))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Kind::Empty | Kind::Leaving(_) => Poll::Ready(None),
            Kind::One(body) => body.poll(cx).map(|piece| piece.map(|data| data.map(Frame::data))),
            Kind::Two(body) => poll_two(body, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Empty | Kind::Leaving(_) => true,
            Kind::One(body) => body.is_over(),
            Kind::Two(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Empty | Kind::Leaving(_) => SizeHint::with_exact(0),
            Kind::One(body) => body.left().map_or_else(SizeHint::new, SizeHint::with_exact),
            Kind::Two(body) => body.size_hint(),
        }
    }
}
