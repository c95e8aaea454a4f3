//! The body of an answer, towards the client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::BodyError;
use super::filtered::Filtered;
use super::pause::Pause;
use crate::pipeline::BodyFilter;
use crate::upstream::pool::Lease;

/// The body of an answer on its way to the client.
#[derive(Debug)]
pub struct AnswerBody(AnswerKind);

#[derive(Debug)]
enum AnswerKind {
    Empty,
    Full(Bytes),
    Upstream(Box<FromUpstream>),
    /// What was held for inspection, then the rest.
    Resumed(Bytes, Box<FromUpstream>),
    Channel(tokio::sync::mpsc::Receiver<Result<Bytes, BodyError>>, u64),
    Filtered(Box<Filtered>),
}

#[derive(Debug)]
struct FromUpstream {
    body: Incoming,
    lease: Option<Lease>,
    pause: Pause,
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

    /// A body of `length` bytes that another task produces, a few chunks ahead.
    #[must_use]
    pub const fn channel(
        chunks: tokio::sync::mpsc::Receiver<Result<Bytes, BodyError>>,
        length: u64,
    ) -> Self {
        Self(AnswerKind::Channel(chunks, length))
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

    pub(crate) fn upstream(body: Incoming, lease: Lease, idle: Duration) -> Self {
        if body.is_end_stream() {
            lease.give_back();
            return Self(AnswerKind::Empty);
        }
        let lease = Some(lease);
        Self(AnswerKind::Upstream(Box::new(FromUpstream { body, lease, pause: Pause::new(idle) })))
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
            AnswerKind::Upstream(rest) => AnswerKind::Resumed(held.clone(), rest),
            _ => AnswerKind::Full(held.clone()),
        };
        Ok((held, self.is_end_stream()))
    }
}

impl FromUpstream {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.pause.poll(cx));
                return Poll::Ready(Some(Err(BodyError("upstream paused too long".into()))));
            };
            self.pause.reset();
            let is_over = frame.is_none() || self.body.is_end_stream();
            if let Some(lease) = self.lease.take_if(|_| is_over) {
                lease.give_back();
            }
            return match frame {
                // Trailers are dropped: HTTP/1.1 clients have not asked for them.
                Some(Ok(frame)) if frame.is_trailers() => continue,
                other => Poll::Ready(
                    other.map(|frame| frame.map_err(|error| BodyError(error.to_string()))),
                ),
            };
        }
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
            AnswerKind::Empty => Poll::Ready(None),
            AnswerKind::Full(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = AnswerKind::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            AnswerKind::Upstream(upstream) => upstream.poll(cx),
            AnswerKind::Resumed(..) => {
                let AnswerKind::Resumed(held, rest) =
                    std::mem::replace(&mut self.0, AnswerKind::Empty)
                else {
                    return Poll::Ready(None);
                };
                self.0 = AnswerKind::Upstream(rest);
                Poll::Ready(Some(Ok(Frame::data(held))))
            }
            AnswerKind::Channel(chunks, left) => {
                let chunk = ready!(chunks.poll_recv(cx));
                if let Some(Ok(chunk)) = &chunk {
                    *left = left.saturating_sub(chunk.len() as u64);
                }
                Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
            }
            AnswerKind::Filtered(filtered) => filtered.poll(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            AnswerKind::Empty => true,
            AnswerKind::Full(bytes) => bytes.is_empty(),
            AnswerKind::Upstream(upstream) => upstream.body.is_end_stream(),
            AnswerKind::Resumed(..) => false,
            AnswerKind::Channel(_, left) => *left == 0,
            AnswerKind::Filtered(filtered) => filtered.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            AnswerKind::Empty => SizeHint::with_exact(0),
            AnswerKind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            AnswerKind::Upstream(upstream) => upstream.body.size_hint(),
            AnswerKind::Resumed(held, rest) => {
                let more = held.len() as u64;
                rest.body.size_hint().exact().map_or_else(SizeHint::new, |rest| {
                    SizeHint::with_exact(rest.saturating_add(more))
                })
            }
            AnswerKind::Channel(_, left) => SizeHint::with_exact(*left),
            AnswerKind::Filtered(_) => SizeHint::new(),
        }
    }
}
