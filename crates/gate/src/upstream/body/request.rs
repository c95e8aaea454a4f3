//! The body of a request, towards the application.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mantlet_event::reasons;
use mantlet_types::Reason;

use super::grpc::Messages;
use super::{BodyError, Pace, Patience};
use crate::edge::RequestBody;
use crate::http1::{Pipe, Piped};
use crate::stages::body::Share;
use crate::upstream::UpstreamError;

/// What became of a streamed request body, for whoever waits for the answer.
#[derive(Debug, Clone, Default)]
pub struct BodyWatch(Option<Arc<Watched>>);

#[derive(Debug, Default)]
struct Watched {
    failure: AtomicU8,
    bytes: AtomicU64,
}

const TOO_LARGE: u8 = 1;
const PAUSED: u8 = 2;
const INCOMPLETE: u8 = 3;
const TOO_SLOW: u8 = 4;
const NOT_GRPC: u8 = 5;

impl BodyWatch {
    /// How many bytes of the body have come.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |watched| watched.bytes.load(Ordering::Relaxed))
    }

    /// A view on a body that has something to watch.
    fn new() -> Self {
        Self(Some(Arc::default()))
    }

    fn passed(&self, size: u64) {
        if let Some(watched) = &self.0 {
            watched.bytes.fetch_add(size, Ordering::Relaxed);
        }
    }

    /// Why the body failed; `None` when it did not.
    #[must_use]
    pub fn failure(&self) -> Option<&'static Reason> {
        match self.0.as_ref()?.failure.load(Ordering::Relaxed) {
            TOO_LARGE => Some(&reasons::BODY_TOO_LARGE),
            PAUSED => Some(&reasons::BODY_TIMEOUT),
            TOO_SLOW => Some(&reasons::BODY_TOO_SLOW),
            INCOMPLETE => Some(&reasons::BODY_INCOMPLETE),
            NOT_GRPC => Some(&reasons::WAF_BODY),
            _ => None,
        }
    }

    fn fail(&self, code: u8, text: &str) -> BodyError {
        if let Some(watched) = &self.0 {
            watched.failure.store(code, Ordering::Relaxed);
        }
        BodyError(text.into())
    }

    /// `error`, or the client's own failure where that is what lies behind it.
    pub(crate) fn explain(&self, error: UpstreamError) -> UpstreamError {
        self.failure().map_or(error, UpstreamError::Client)
    }
}

/// The body of a request on its way to the upstream.
#[derive(Debug)]
pub struct UpstreamBody {
    /// Taken and given back: it goes first.
    front: Bytes,
    kind: Kind,
    watch: BodyWatch,
    /// The memory of a held body, given back when the body is gone, and every copy of it.
    share: Option<Arc<Share>>,
}

#[derive(Debug)]
enum Kind {
    Empty,
    /// Held for inspection.
    Held(Bytes),
    Stream(Stream),
}

#[derive(Debug)]
struct Stream {
    body: RequestBody,
    left: u64,
    patience: Patience,
    /// How far its messages have come, where it is to be gRPC.
    grpc: Option<Messages>,
}

impl UpstreamBody {
    /// No body.
    #[must_use]
    pub fn empty() -> Self {
        Self { front: Bytes::new(), kind: Kind::Empty, watch: BodyWatch::default(), share: None }
    }

    /// A body that was held and seen by the guards.
    #[must_use]
    pub fn held(bytes: Bytes, share: Share) -> Self {
        let watch = BodyWatch::new();
        // It has come whole; only a body that is still coming puts off the time for the answer.
        watch.passed(bytes.len() as u64);
        Self { front: Bytes::new(), kind: Kind::Held(bytes), watch, share: Some(Arc::new(share)) }
    }

    /// A body of our own making.
    #[must_use]
    pub(crate) fn ours(bytes: Bytes) -> Self {
        let watch = BodyWatch::new();
        watch.passed(bytes.len() as u64);
        Self { front: Bytes::new(), kind: Kind::Held(bytes), watch, share: None }
    }

    /// A body that is passed on as it comes: at most `limit` bytes, at this pace.
    #[must_use]
    pub(crate) fn stream(body: RequestBody, limit: u64, pace: Pace) -> Self {
        if body.is_end_stream() {
            return Self::empty();
        }
        let kind =
            Kind::Stream(Stream { body, left: limit, patience: Patience::new(pace), grpc: None });
        Self { front: Bytes::new(), kind, watch: BodyWatch::new(), share: None }
    }

    /// The same body, which breaks off where it does not go on as messages of gRPC do: before its
    /// first byte, when it is something else altogether.
    #[must_use]
    pub fn of_grpc(mut self) -> Self {
        if let Kind::Stream(stream) = &mut self.kind {
            stream.grpc = Some(Messages::default());
        }
        self
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self.kind, Kind::Empty) && self.front.is_empty()
    }

    /// Gives back the piece that was taken last, for an attempt of which nothing went out.
    pub(crate) fn put_back(&mut self, piece: Bytes) {
        self.front = piece;
    }

    /// The same body once more, for another attempt; `None` of one that comes only once. The bytes
    /// are shared.
    pub(crate) fn copy(&self) -> Option<Self> {
        let kind = match &self.kind {
            Kind::Empty => Kind::Empty,
            Kind::Held(bytes) => Kind::Held(bytes.clone()),
            Kind::Stream(_) => return None,
        };
        let (front, share) = (self.front.clone(), self.share.clone());
        Some(Self { front, kind, watch: self.watch.clone(), share })
    }

    /// A view on what becomes of this body.
    #[must_use]
    pub fn watch(&self) -> BodyWatch {
        self.watch.clone()
    }
}

impl Default for UpstreamBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { front, kind, watch, .. } = &mut *self;
        if !front.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(front)))));
        }
        match kind {
            Kind::Empty => Poll::Ready(None),
            Kind::Held(bytes) => {
                let bytes = std::mem::take(bytes);
                *kind = Kind::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Kind::Stream(stream) => stream.poll(cx, watch),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            _ if !self.front.is_empty() => false,
            Kind::Empty => true,
            Kind::Held(bytes) => bytes.is_empty(),
            Kind::Stream(stream) => stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let front = self.front.len() as u64;
        let rest = match &self.kind {
            Kind::Empty => Some(0),
            Kind::Held(bytes) => Some(bytes.len() as u64),
            Kind::Stream(stream) => stream.body.size_hint().exact(),
        };
        rest.map_or_else(SizeHint::new, |rest| SizeHint::with_exact(rest.saturating_add(front)))
    }
}

impl Piped for UpstreamBody {
    fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        match &mut self.kind {
            Kind::Stream(stream) if self.front.is_empty() => {
                let pipe = stream.pipe(cx)?;
                self.watch.passed(pipe.held() as u64);
                Some(pipe)
            }
            Kind::Empty | Kind::Held(_) | Kind::Stream(_) => None,
        }
    }
}

impl Stream {
    fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        let is_within = self.body.size_hint().exact().is_some_and(|size| size <= self.left);
        if !is_within || self.grpc.is_some() {
            return None;
        }
        let pipe = self.body.pipe(cx)?;
        let size = pipe.held() as u64;
        self.patience.note(size);
        self.left = self.left.saturating_sub(size);
        Some(pipe)
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        watch: &BodyWatch,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let frame = match ready!(self.patience.poll_frame(cx, &mut self.body)) {
                Ok(frame) => frame,
                Err(reason) => {
                    let is_paced = *reason == reasons::BODY_TOO_SLOW;
                    let code = if is_paced { TOO_SLOW } else { PAUSED };
                    return Poll::Ready(Some(Err(watch.fail(code, reason.detail))));
                }
            };
            let frame = match frame {
                None if self.grpc.as_ref().is_some_and(|messages| !messages.is_whole()) => {
                    return Poll::Ready(Some(Err(watch.fail(NOT_GRPC, "not a gRPC message"))));
                }
                None => return Poll::Ready(None),
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(watch.fail(INCOMPLETE, &error.0))));
                }
                Some(Ok(frame)) => frame,
            };
            // Trailers are dropped: nothing has inspected them.
            let Ok(data) = frame.into_data() else { continue };
            let size = data.len() as u64;
            let Some(left) = self.left.checked_sub(size) else {
                return Poll::Ready(Some(Err(watch.fail(TOO_LARGE, "request body too large"))));
            };
            if let Some(messages) = &mut self.grpc {
                // The last piece of half a message does not go out.
                let is_last = self.body.is_end_stream() || self.body.size_hint().exact() == Some(0);
                if !messages.take(&data, self.left) || is_last && !messages.is_whole() {
                    return Poll::Ready(Some(Err(watch.fail(NOT_GRPC, "not a gRPC message"))));
                }
            }
            self.left = left;
            watch.passed(size);
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }
}
