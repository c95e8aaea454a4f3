//! Requests and answers, one after the other.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode, Version};
use mantlet_event::Metrics;
use mantlet_types::Clock;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tokio::time::{Sleep, sleep};

use super::answer::{self, To};
use super::shared::Shared;
use super::socket::Asked;
use super::{Body, ClientStream};
use crate::edge::body::RequestBody;
use crate::edge::phase::{Phase, PhaseSwitch};
use crate::edge::wire::{Head, Rules, Violation};
use crate::http1::{Carrier, Length, Piped, Quiet, Sending, table};

/// What a connection is served with.
pub(super) struct Stay<'a, S> {
    pub(super) shared: &'a Shared<S>,
    pub(super) rules: &'a Rules,
    pub(super) phases: &'a PhaseSwitch,
    /// How long nothing may be asked.
    pub(super) quiet: Duration,
    pub(super) clock: &'a dyn Clock,
    pub(super) metrics: &'a Metrics,
}

/// How a stay ended.
#[derive(Debug)]
pub(super) enum End {
    /// The connection is over.
    Over,
    /// Nothing is asked on it.
    Quiet,
    /// It has left HTTP, and goes this way.
    Left(oneshot::Sender<ClientStream>),
}

/// What an answer needs to know of its request.
struct Asking {
    to: To,
    /// Where the connection goes if it leaves HTTP.
    leave: Option<oneshot::Sender<ClientStream>>,
}

/// How long the next request is waited for.
#[derive(Default)]
struct Waits {
    /// Nothing of it has come.
    quiet: Quiet,
    /// Its head has begun.
    late: Option<Pin<Box<Sleep>>>,
}

impl<S> Stay<'_, S>
where
    S: AsyncRead + AsyncWrite + Carrier + Unpin + Send + 'static,
{
    /// Answers requests until there are no more for a while.
    pub(super) async fn serve<F, B>(&self, answer: impl Fn(Request<RequestBody>) -> F) -> End
    where
        F: Future<Output = Response<B>>,
        B: Piped,
    {
        let (mut out, mut waits) = (Vec::new(), Waits::default());
        let mut draining = pin!(self.phases.reached(Phase::Draining));
        loop {
            let asked = poll_fn(|cx| self.poll_next(cx, &mut waits, draining.as_mut())).await;
            let (request, asking) = match asked {
                None => return End::Quiet,
                Some(Asked::Nothing) => return self.close(Phase::Draining).await,
                Some(Asked::Request(head)) => self.begin(head),
                Some(Asked::Refused(violation)) => refused(violation),
            };
            // In its place from the beginning: it is large, and would be moved with every request.
            let answering = pin!(answer(request));
            let Some(response) = self.attend(answering).await else { return End::Over };
            let status = response.status();
            let is_kept = self.send(response, asking.to, &mut out).await;
            waits.quiet.moved();
            match is_kept {
                None => return End::Over,
                Some(_) if status == StatusCode::SWITCHING_PROTOCOLS => {
                    return asking.leave.map_or(End::Over, End::Left);
                }
                Some(true) if self.drop_rest().await => {}
                Some(_) => return self.close(Phase::Over).await,
            }
        }
    }

    /// The next request; `None` when nothing is asked for a while.
    fn poll_next(
        &self,
        cx: &mut Context<'_>,
        waits: &mut Waits,
        draining: Pin<&mut impl Future<Output = ()>>,
    ) -> Poll<Option<Asked>> {
        let mut socket = self.shared.lock();
        if let Poll::Ready(asked) = socket.poll_asked(cx, self.rules) {
            waits.late = None;
            return Poll::Ready(Some(asked));
        }
        if draining.poll(cx).is_ready() {
            return Poll::Ready(Some(Asked::Nothing));
        }
        if !socket.is_asked() {
            // What came was an empty line, and no head has begun.
            waits.late = None;
            return waits.quiet.poll(cx, self.quiet).map(|()| None);
        }
        // A zero timeout must not spin.
        let patience = self.rules.head_timeout.max(Duration::from_millis(1));
        let late = waits.late.get_or_insert_with(|| Box::pin(sleep(patience)));
        late.as_mut().poll(cx).map(|()| Some(Asked::Refused(socket.late())))
    }

    /// The request of this head, with its body.
    fn begin(&self, head: Head) -> (Request<RequestBody>, Asking) {
        let Head { request, body, leaves_http, is_kept, .. } = head;
        let is_head = *request.method() == Method::HEAD;
        let to = To { version: request.version(), is_head, is_kept };
        let (leave, way_out) = leaves_http.then(oneshot::channel).unzip();
        let body = match (body, way_out) {
            (Some(body), _) => {
                let number = self.shared.lock().count();
                RequestBody::one(Body::new(self.shared.source(), number, body.left()))
            }
            (None, Some(way_out)) => RequestBody::leaving(way_out),
            (None, None) => RequestBody::empty(),
        };
        (request.map(|()| body), Asking { to, leave })
    }

    /// Waits for the answer; `None` when the client goes meanwhile.
    async fn attend<T>(&self, mut answer: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        poll_fn(|cx| match answer.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => self.poll_gone(cx).map(|()| None),
        })
        .await
    }

    fn poll_gone(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared.lock().poll_aside(cx, self.rules.discard_limit)
    }

    /// Sends the answer; `None` when the connection breaks, else whether another may follow.
    async fn send<B>(&self, response: Response<B>, mut to: To, out: &mut Vec<u8>) -> Option<bool>
    where
        B: Piped,
    {
        let (answer, body) = response.into_parts();
        let exact = body.size_hint().exact();
        let length = answer::length(&answer, exact, to);
        to.is_kept = to.is_kept
            && length != Length::UntilClose
            && !answer::asks_close(&answer.headers)
            && self.phases.current() == Phase::Serving
            && self.may_go_on();
        let mut head = std::mem::take(out);
        head.clear();
        answer::write_head(&mut head, &answer, (length, exact), to, || self.clock.now());
        table::give_back(answer.headers);
        let (mut sending, mut shared) = (Sending::new(head, body, length), self.shared);
        let sent = poll_fn(|cx| match sending.poll(&mut shared, cx) {
            Poll::Ready(sent) => Poll::Ready(sent.ok()),
            Poll::Pending => self.poll_gone(cx).map(|()| None),
        });
        sent.await?;
        *out = sending.into_head();
        Some(to.is_kept)
    }

    fn may_go_on(&self) -> bool {
        self.count_excess();
        self.shared.lock().may_go_on(self.rules.discard_limit)
    }

    /// Counts the limit of what is dropped, where it is reached.
    fn count_excess(&self) {
        if self.shared.lock().is_too_much(self.rules.discard_limit) {
            self.metrics.limit_reached("server.discard_limit");
        }
    }

    /// Reads on where the answer came before the whole body had; `false` when the connection cannot
    /// go on.
    async fn drop_rest(&self) -> bool {
        {
            let mut socket = self.shared.lock();
            if !socket.has_rest() {
                return true;
            }
            let number = socket.count();
            socket.abandon(number);
        }
        let limit = self.rules.discard_limit;
        if !self.may_go_on() {
            return false;
        }
        let dropping = poll_fn(|cx| self.shared.lock().poll_drop(cx, limit));
        let dropped = self.until(Phase::Draining, dropping).await;
        match dropped {
            Some(true) => {}
            Some(false) => self.count_excess(),
            None => self.metrics.limit_reached("server.discard_timeout"),
        }
        dropped == Some(true)
    }

    /// Closes the connection, after the client has had the time to take its last answer, but not
    /// beyond `phase`: what it still sends would else cut that off.
    async fn close(&self, phase: Phase) -> End {
        let mut shared = self.shared;
        if shared.shutdown().await.is_ok() && shared.lock().may_come_more() {
            let limit = self.rules.discard_limit;
            let heard = poll_fn(|cx| self.shared.lock().poll_drop_all(cx, limit));
            let _ = self.until(phase, heard).await;
        }
        End::Over
    }

    /// Waits for what a client still sends; `None` when that takes too long, or `phase` is reached.
    async fn until<T>(&self, phase: Phase, dropping: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            dropped = tokio::time::timeout(self.rules.discard_timeout, dropping) => dropped.ok(),
            () = self.phases.reached(phase) => None,
        }
    }
}

/// The request in whose place something came that is none: whoever answers finds out why.
fn refused(violation: Violation) -> (Request<RequestBody>, Asking) {
    let mut request = Request::new(RequestBody::empty());
    request.extensions_mut().insert(violation);
    let to = To { version: Version::HTTP_11, is_head: false, is_kept: false };
    (request, Asking { to, leave: None })
}
