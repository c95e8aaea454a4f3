//! One answer over HTTP/2, cut off when the client takes nothing of it for too long.
//!
//! The library asks a body for its next piece only when the client has room for the one before.
//! Nothing but the task of the stream runs then: it holds the deadline, and its body tells it when
//! a piece has been handed out and not been asked on.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mantlet_event::{Events, Metrics, task};
use pin_project_lite::pin_project;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::Sleep;

use super::outlet::Outlet;

/// The most that is handed out at once, in bytes: a frame. Larger pieces would be buffered whole,
/// and a slow client could not be told from one that takes nothing.
const PIECE: usize = 16 * 1024;

tokio::task_local! {
    /// The stream whose task runs.
    static SENDING: Arc<Sending>;
}

/// How far the answer of a stream is.
#[derive(Debug, Default)]
pub(super) struct Sending {
    /// The number of the piece the client is to take; 0 while there is none.
    waiting: AtomicU64,
}

/// Starts the tasks of streams.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    pub(super) limit: Duration,
    pub(super) events: Events,
    pub(super) metrics: Metrics,
}

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let sending = Arc::<Sending>::default();
        let stream = Stream {
            running: SENDING.scope(Arc::clone(&sending), future),
            sending,
            deadline: None,
            limit: self.limit,
            metrics: self.metrics.clone(),
        };
        task::spawn(&self.events, "stream", stream);
    }
}

pin_project! {
    /// The task of one stream.
    struct Stream<F> {
        #[pin]
        running: TaskLocalFuture<Arc<Sending>, F>,
        sending: Arc<Sending>,
        // For which piece, and until when.
        deadline: Option<(u64, Pin<Box<Sleep>>)>,
        limit: Duration,
        metrics: Metrics,
    }
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.running.poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let piece = this.sending.waiting.load(Ordering::Relaxed);
        if piece == 0 {
            *this.deadline = None;
            return Poll::Pending;
        }
        let limit = *this.limit;
        let new = || (piece, Box::pin(tokio::time::sleep(limit)));
        let (armed_for, sleep) = this.deadline.get_or_insert_with(new);
        if *armed_for != piece {
            *armed_for = piece;
            sleep.as_mut().reset(super::watched::now() + limit);
        }
        ready!(sleep.as_mut().poll(cx));
        // Dropped unfinished, the stream is reset and its connection to the application ends.
        this.metrics.limit_reached("server.send_timeout");
        Poll::Ready(())
    }
}

/// The body of an answer, in pieces that say when they are taken.
#[derive(Debug)]
pub(super) struct Paced<B> {
    body: B,
    rest: Bytes,
    pieces: u64,
    sending: Option<Arc<Sending>>,
    outlet: Arc<Outlet>,
    /// Whether the next piece waits for the connection to take more.
    is_held: bool,
}

impl<B> Paced<B> {
    /// To be called within the task of the stream.
    pub(super) fn new(body: B, outlet: Arc<Outlet>) -> Self {
        let sending = SENDING.try_with(Arc::clone).ok();
        Self { body, rest: Bytes::new(), pieces: 0, sending, outlet, is_held: false }
    }

    /// Ready when the connection takes more; until then the client is what is waited for.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.outlet.poll_room(cx);
        if polled.is_pending() && !self.is_held {
            self.pieces = self.pieces.saturating_add(1);
            self.tell(self.pieces);
        }
        self.is_held = polled.is_pending();
        polled
    }

    fn tell(&self, piece: u64) {
        if let Some(sending) = &self.sending {
            sending.waiting.store(piece, Ordering::Relaxed);
        }
    }
}

impl<B> Drop for Paced<B> {
    fn drop(&mut self) {
        self.tell(0);
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Paced<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        ready!(this.poll_room(cx));
        this.tell(0);
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)).transpose()? {
                None => return Poll::Ready(None),
                Some(frame) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
            }
        }
        let count = this.rest.len().min(PIECE);
        let piece = this.rest.split_to(count);
        this.pieces = this.pieces.saturating_add(1);
        this.tell(this.pieces);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (held, rest) = (self.rest.len() as u64, self.body.size_hint());
        let mut all = SizeHint::new();
        all.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            all.set_upper(upper.saturating_add(held));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    #[tokio::test]
    async fn large_pieces_go_out_frame_by_frame_and_whole() {
        let whole = Bytes::from((0..100_000_u32).map(|n| n.to_le_bytes()[0]).collect::<Vec<_>>());
        let mut body = Paced::new(Full::new(whole.clone()), Arc::default());
        let mut seen = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.unwrap().into_data().unwrap();
            assert!(data.len() <= PIECE);
            seen.extend(data);
            assert_eq!(body.size_hint().exact(), Some((whole.len() - seen.len()) as u64));
        }
        assert!(body.is_end_stream());
        assert_eq!(seen, whole);
    }

    #[test]
    fn nothing_is_asked_of_a_body_while_the_connection_takes_nothing() {
        let outlet = Arc::<Outlet>::default();
        let mut body = Paced::new(Full::new(Bytes::from_static(b"piece")), Arc::clone(&outlet));
        outlet.wrote(false);
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert!(Pin::new(&mut body).poll_frame(&mut cx).is_pending());
        outlet.wrote(true);
        let Poll::Ready(Some(Ok(piece))) = Pin::new(&mut body).poll_frame(&mut cx) else {
            panic!("nothing comes");
        };
        assert_eq!(piece.into_data().unwrap(), "piece");
    }
}
