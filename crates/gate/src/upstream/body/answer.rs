//! The body of an answer, towards the client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::BodyError;
use super::filtered::Filtered;
use super::pause::Pause;
use super::two::poll_two;
use crate::http1::{Pipe, Piped};
use crate::pipeline::{BodyFilter, declares_grpc};
use crate::upstream::RawStream;
use crate::upstream::http1::{Body as Answered, Streaming};
use crate::upstream::server::Lease;

/// The body of an answer on its way to the client.
#[derive(Debug)]
pub struct AnswerBody(AnswerKind);

#[derive(Debug)]
enum AnswerKind {
    Empty,
    Full(Bytes),
    One(Box<Streaming>),
    Two(Box<FromTwo>),
    /// What was held for inspection, then the rest.
    Resumed(Bytes, Box<AnswerBody>),
    Source(Box<dyn Source>),
    Filtered(Box<Filtered>),
    /// No body, but the connection that has left HTTP.
    Raw(Box<RawStream>),
}

/// Where a body of known length comes from that is none of the application's.
pub trait Source: std::fmt::Debug + Send {
    /// The next piece; `None` at the end, and after an error.
    ///
    /// # Errors
    /// [`BodyError`] when the rest cannot be had.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>>;

    /// How many bytes are still to come.
    fn left(&self) -> u64;
}

/// A body that comes over HTTP/2.
#[derive(Debug)]
struct FromTwo {
    body: Incoming,
    pause: Pause,
    /// The request counts as running until the body is over.
    lease: Option<Lease>,
    /// The status of the call comes behind its messages.
    is_grpc: bool,
}

impl AnswerBody {
    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(AnswerKind::Empty)
    }

    /// A body in memory.
    #[must_use]
    pub const fn full(bytes: Bytes) -> Self {
        Self(AnswerKind::Full(bytes))
    }

    /// A body that is asked for piece by piece, as the client takes it.
    #[must_use]
    pub fn from_source(source: Box<dyn Source>) -> Self {
        Self(AnswerKind::Source(source))
    }

    /// This body through `filters`, in order; its length is then unknown until its end.
    pub(crate) fn filtered(self, filters: Vec<Box<dyn BodyFilter>>) -> Self {
        if self.is_end_stream() {
            return self;
        }
        let filtered =
            |body, filter| Self(AnswerKind::Filtered(Box::new(Filtered::new(body, filter))));
        filters.into_iter().fold(self, filtered)
    }

    /// Takes the first piece, where it can be had without waiting: a body that is broken from its start
    /// is known before the head of its answer goes out. Nothing of it is lost.
    ///
    /// # Errors
    /// [`BodyError`] when the body begins with one.
    pub(crate) async fn begin(&mut self) -> Result<(), BodyError> {
        let first = std::future::poll_fn(|cx| {
            Poll::Ready(match Pin::new(&mut *self).poll_frame(cx) {
                Poll::Ready(first) => first,
                Poll::Pending => None,
            })
        });
        let Some(frame) = first.await else { return Ok(()) };
        if let Ok(data) = frame?.into_data() {
            let rest = Self(std::mem::replace(&mut self.0, AnswerKind::Empty));
            self.0 = AnswerKind::Resumed(data, Box::new(rest));
        }
        Ok(())
    }

    /// The same, of a body for which that costs nothing: one that comes over HTTP/2, where the library has
    /// read ahead. Not of gRPC, in which the first piece may be the last word.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub(crate) async fn begin_two(&mut self) -> Result<(), BodyError> {
        match &self.0 {
            AnswerKind::Two(upstream) if !upstream.is_grpc => self.begin().await,
            _ => Ok(()),
        }
    }

    /// What follows the head of an application's answer; its connection goes back when it is over.
    pub(in crate::upstream) fn upstream(body: Answered, lease: Lease) -> Self {
        match body {
            Answered::Whole(bytes, connection) => {
                lease.end(connection);
                Self(AnswerKind::Full(bytes))
            }
            Answered::Coming(mut streaming) => {
                streaming.lease(lease);
                Self(AnswerKind::One(streaming))
            }
            Answered::Raw(stream) => {
                lease.began();
                let stream = stream.keeping(|(open, _)| (open, Some(lease)));
                Self(AnswerKind::Raw(Box::new(stream)))
            }
        }
    }

    /// An answer that comes over HTTP/2, with what follows its head.
    pub(in crate::upstream) fn of_two(
        response: Response<Incoming>,
        lease: Lease,
    ) -> Response<Self> {
        let is_grpc = declares_grpc(response.headers());
        response.map(|body| Self::two(body, lease, is_grpc))
    }

    fn two(body: Incoming, lease: Lease, is_grpc: bool) -> Self {
        if body.is_end_stream() {
            lease.end(None);
            return Self(AnswerKind::Empty);
        }
        let pause = Pause::new(lease.pause());
        Self(AnswerKind::Two(Box::new(FromTwo { body, pause, lease: Some(lease), is_grpc })))
    }

    /// Takes the connection of an answer with which it has left HTTP; `None` of any other answer.
    pub(crate) fn take_stream(&mut self) -> Option<Box<RawStream>> {
        match std::mem::replace(&mut self.0, AnswerKind::Empty) {
            AnswerKind::Raw(stream) => Some(stream),
            other => {
                self.0 = other;
                None
            }
        }
    }

    /// Reads up to `limit` bytes and says whether that is all of it; the body then begins anew.
    ///
    /// # Errors
    /// [`BodyError`] when the answer breaks off.
    pub async fn hold(&mut self, limit: usize) -> Result<(Bytes, bool), BodyError> {
        use http_body_util::BodyExt as _;
        let mut held = bytes::BytesMut::new();
        while held.len() < limit {
            match self.frame().await {
                None => {
                    let held = held.freeze();
                    self.0 = AnswerKind::Full(held.clone());
                    return Ok((held, true));
                }
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        held.extend_from_slice(&data);
                    }
                }
            }
        }
        let held = held.freeze();
        self.0 = match std::mem::replace(&mut self.0, AnswerKind::Empty) {
            rest @ (AnswerKind::One(_) | AnswerKind::Two(_)) => {
                AnswerKind::Resumed(held.clone(), Box::new(Self(rest)))
            }
            _ => AnswerKind::Full(held.clone()),
        };
        Ok((held, self.is_end_stream()))
    }
}

impl Piped for AnswerBody {
    fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        match &mut self.0 {
            AnswerKind::One(streaming) => streaming.pipe(cx),
            _ => None,
        }
    }
}

impl FromTwo {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Poll::Ready(frame) = poll_two(&mut self.body, cx) else {
                ready!(self.pause.poll(cx));
                let failure = BodyError("the answer broke off: nothing came for too long".into());
                return Poll::Ready(Some(Err(self.broke_off(failure))));
            };
            self.pause.reset();
            let is_over = self.body.is_end_stream() && !matches!(frame, Some(Err(_)));
            if let Some(lease) = self.lease.take_if(|_| is_over) {
                lease.end(None);
            }
            return Poll::Ready(match frame {
                Some(Ok(frame)) => match frame.into_trailers() {
                    Ok(mut trailers) if self.is_grpc => {
                        trailers.remove(SET_COOKIE);
                        Some(Ok(Frame::trailers(trailers)))
                    }
                    // Dropped: HTTP/1.1 clients have not asked for them.
                    Ok(_) => continue,
                    Err(data) => Some(Ok(data)),
                },
                Some(Err(error)) => Some(Err(self.broke_off(error))),
                None => None,
            });
        }
    }

    fn broke_off(&mut self, failure: BodyError) -> BodyError {
        if let Some(lease) = self.lease.take() {
            lease.broke_off();
        }
        failure
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            AnswerKind::Empty | AnswerKind::Raw(_) => Poll::Ready(None),
            AnswerKind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = AnswerKind::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            AnswerKind::One(upstream) => {
                let piece = ready!(upstream.poll(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
            AnswerKind::Two(upstream) => upstream.poll(cx),
            AnswerKind::Resumed(..) => {
                let AnswerKind::Resumed(held, rest) =
                    std::mem::replace(&mut self.0, AnswerKind::Empty)
                else {
                    return Poll::Ready(None);
                };
                *self = *rest;
                Poll::Ready(Some(Ok(Frame::data(held))))
            }
            AnswerKind::Source(source) => {
                let piece = ready!(source.poll_next(cx));
                Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
            }
            AnswerKind::Filtered(filtered) => filtered.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            AnswerKind::Empty | AnswerKind::Raw(_) => true,
            AnswerKind::Full(bytes) => bytes.is_empty(),
            AnswerKind::One(upstream) => upstream.is_over(),
            AnswerKind::Two(upstream) => upstream.body.is_end_stream(),
            AnswerKind::Resumed(..) => false,
            AnswerKind::Source(source) => source.left() == 0,
            AnswerKind::Filtered(filtered) => filtered.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            AnswerKind::Empty | AnswerKind::Raw(_) => SizeHint::with_exact(0),
            AnswerKind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            AnswerKind::One(upstream) => upstream.size_hint(),
            AnswerKind::Two(upstream) => upstream.body.size_hint(),
            AnswerKind::Resumed(held, rest) => {
                let more = held.len() as u64;
                rest.size_hint().exact().map_or_else(SizeHint::new, |rest| {
                    SizeHint::with_exact(rest.saturating_add(more))
                })
            }
            AnswerKind::Source(source) => SizeHint::with_exact(source.left()),
            AnswerKind::Filtered(_) => SizeHint::new(),
        }
    }
}
