//! Bodies on their way: counted, bounded, never waited for without end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use mantlet_event::reasons;
use mantlet_types::Reason;
use tokio::time::Sleep;

use super::UpstreamError;
use super::pool::Lease;
use crate::stages::body::Share;

/// A body that broke off. The other side sees the connection end.
#[derive(Debug)]
pub struct BodyError(pub String);

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BodyError {}

/// What became of a streamed request body, for whoever waits for the answer.
#[derive(Debug, Clone, Default)]
pub struct BodyWatch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    failure: AtomicU8,
    bytes: AtomicU64,
}

const TOO_LARGE: u8 = 1;
const TOO_SLOW: u8 = 2;
const INCOMPLETE: u8 = 3;

impl BodyWatch {
    /// How many bytes of the body have passed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Why the body failed; `None` when it did not.
    #[must_use]
    pub fn failure(&self) -> Option<&'static Reason> {
        match self.0.failure.load(Ordering::Relaxed) {
            TOO_LARGE => Some(&reasons::BODY_TOO_LARGE),
            TOO_SLOW => Some(&reasons::BODY_TIMEOUT),
            INCOMPLETE => Some(&reasons::BODY_INCOMPLETE),
            _ => None,
        }
    }

    fn fail(&self, code: u8, text: &str) -> BodyError {
        self.0.failure.store(code, Ordering::Relaxed);
        BodyError(text.into())
    }

    /// `error`, or the client's own failure where that is what lies behind it.
    pub(super) fn explain(&self, error: UpstreamError) -> UpstreamError {
        self.failure().map_or(error, UpstreamError::Client)
    }
}

/// The body of a request on its way to the upstream.
#[derive(Debug)]
pub struct UpstreamBody {
    kind: Kind,
    watch: BodyWatch,
}

#[derive(Debug)]
enum Kind {
    Empty,
    /// Held for inspection; the memory is given back when it is gone.
    Held(Bytes, Option<Share>),
    Stream(Stream),
}

#[derive(Debug)]
struct Stream {
    body: Incoming,
    left: u64,
    pause: Pause,
}

impl UpstreamBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self { kind: Kind::Empty, watch: BodyWatch::default() }
    }

    /// A body that was held and seen by the guards.
    #[must_use]
    pub fn held(bytes: Bytes, share: Share) -> Self {
        Self { kind: Kind::Held(bytes, Some(share)), watch: BodyWatch::default() }
    }

    /// A body that is passed on as it comes: at most `limit` bytes, no pause above `idle`.
    #[must_use]
    pub fn stream(body: Incoming, limit: u64, idle: Duration) -> Self {
        let kind = if body.is_end_stream() {
            Kind::Empty
        } else {
            Kind::Stream(Stream { body, left: limit, pause: Pause::new(idle) })
        };
        Self { kind, watch: BodyWatch::default() }
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Empty)
    }

    /// A view on what becomes of this body.
    #[must_use]
    pub fn watch(&self) -> BodyWatch {
        self.watch.clone()
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { kind, watch } = &mut *self;
        match kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Held(bytes, share) => {
                share.take();
                let bytes = std::mem::take(bytes);
                watch.0.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                *kind = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => stream.poll(cx, watch),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Held(bytes, _) => bytes.is_empty(),
            Kind::Stream(stream) => stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Held(bytes, _) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Stream(stream) => stream.body.size_hint(),
        }
    }
}

impl Stream {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        watch: &BodyWatch,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                ready!(self.pause.poll(cx));
                return Poll::Ready(Some(
                    Err(watch.fail(TOO_SLOW, "request body paused too long")),
                ));
            };
            self.pause.reset();
            let frame = match frame {
                None => return Poll::Ready(None),
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(watch.fail(INCOMPLETE, &error.to_string()))));
                }
                Some(Ok(frame)) => frame,
            };
            // Trailers are dropped: nothing has inspected them.
            let Ok(data) = frame.into_data() else { continue };
            let size = data.len() as u64;
            let Some(left) = self.left.checked_sub(size) else {
                return Poll::Ready(Some(Err(watch.fail(TOO_LARGE, "request body too large"))));
            };
            self.left = left;
            watch.0.bytes.fetch_add(size, Ordering::Relaxed);
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }
}

/// A deadline that is armed only while something is being waited for.
#[derive(Debug)]
struct Pause {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Pause {
    const fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }

    fn reset(&mut self) {
        self.sleep = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit))).as_mut().poll(cx)
    }
}

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

    pub(super) fn upstream(body: Incoming, lease: Lease, idle: Duration) -> Self {
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
            if frame.is_none() || self.body.is_end_stream() {
                if let Some(lease) = self.lease.take() {
                    lease.give_back();
                }
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
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            AnswerKind::Empty => true,
            AnswerKind::Full(bytes) => bytes.is_empty(),
            AnswerKind::Upstream(upstream) => upstream.body.is_end_stream(),
            AnswerKind::Resumed(..) => false,
            AnswerKind::Channel(_, left) => *left == 0,
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
        }
    }
}
