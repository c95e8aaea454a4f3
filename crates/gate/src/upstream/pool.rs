//! Connections that are kept for the next request. Each worker has its own pool, so that a
//! connection never changes its thread.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use mantlet_event::Events;
use mantlet_types::{Clock, Monotonic};

use super::{
    AnswerBody, BodyWatch, Rules, Upstream, UpstreamBody, UpstreamError, Upstreams, connection,
};

/// The time for an answer is counted in this many ticks.
const ANSWER_TICKS: u32 = 4;

type Sender = SendRequest<UpstreamBody>;

/// One worker's unused connections.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Rules,
    clock: Arc<dyn Clock>,
    events: Events,
    /// By the upstream's id.
    idle: HashMap<u64, Unused>,
}

/// The unused connections to one upstream, the most recently used last. The pool after this one
/// shares it, so that requests which still run give their connections back to where they are used.
type Unused = Arc<Mutex<Vec<Idle>>>;

#[derive(Debug)]
struct Idle {
    sender: Sender,
    since: Monotonic,
}

/// A connection that answers a request and goes back to its pool when the answer is complete.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Pool,
    upstream: Arc<Upstream>,
    sender: Sender,
    request: BodyWatch,
    /// The request was one whose answer has no body, whatever its head announces.
    is_head: bool,
}

impl Lease {
    /// The answer, whose end gives the connection back.
    fn take_answer(self, response: Response<Incoming>) -> Response<AnswerBody> {
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            // This connection is about to leave HTTP for good.
            return response.map(|_| AnswerBody::empty());
        }
        if self.may_be_followed(&response) {
            // A body that was announced and must not come may come all the same, later: the next
            // client would take it for its own answer. This connection is not used again.
            return response.map(|_| AnswerBody::empty());
        }
        let idle_timeout = self.pool.0.rules.idle_timeout;
        response.map(|body| AnswerBody::upstream(body, self, idle_timeout))
    }

    /// Whether bytes of a body could follow a head that, by the rules, has none.
    fn may_be_followed(&self, response: &Response<Incoming>) -> bool {
        let status = response.status();
        let is_bodiless =
            self.is_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let headers = response.headers();
        let is_announced = headers.contains_key(TRANSFER_ENCODING)
            || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
        is_bodiless && (is_announced || self.is_head)
    }

    /// Puts the connection back, unless the other side has closed it, or has answered before it
    /// had the whole request: the next one would wait behind the rest.
    pub(crate) fn give_back(self) {
        if self.sender.is_closed() || !self.request.is_over() {
            return;
        }
        let Self { pool, upstream, sender, .. } = self;
        let since = pool.0.clock.monotonic();
        let Some(idle) = pool.0.idle.get(&upstream.id) else { return };
        let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < pool.0.rules.max_idle {
            idle.push(Idle { sender, since });
        }
    }
}

impl Pool {
    /// An empty pool for these upstreams.
    #[must_use]
    pub fn new(upstreams: &Upstreams, rules: Rules, clock: Arc<dyn Clock>, events: Events) -> Self {
        let idle = upstreams.iter().map(|upstream| (upstream.id, Unused::default())).collect();
        Self(Arc::new(Inner { rules, clock, events, idle }))
    }

    /// The pool after this one: connections to upstreams that stay are shared, those to others end
    /// with the last request that uses this pool.
    #[must_use]
    pub fn next(&self, upstreams: &Upstreams, rules: Rules) -> Self {
        let known = |id: u64| self.0.idle.get(&id).map(Arc::clone).unwrap_or_default();
        let idle = upstreams.iter().map(|upstream| (upstream.id, known(upstream.id))).collect();
        let (clock, events) = (Arc::clone(&self.0.clock), self.0.events.clone());
        Self(Arc::new(Inner { rules, clock, events, idle }))
    }

    /// Sends one request and waits for the head of its answer. A kept connection that turns out
    /// to be closed before the request was written costs nothing but the next attempt.
    ///
    /// # Errors
    /// [`UpstreamError`]; a request that may have reached the server is not sent twice, except one
    /// without body and effect (`GET`, `HEAD`) on a connection that had been idle.
    pub async fn send(
        &self,
        upstream: &Arc<Upstream>,
        mut request: Request<UpstreamBody>,
    ) -> Result<Response<AnswerBody>, UpstreamError> {
        let watch = request.body().watch();
        while let Some(sender) = self.take(upstream) {
            // However recently it was used: some applications close after an answer, unannounced.
            let spare = spare(&request);
            match self.attempt(upstream, sender, request).await {
                Ok(response) => return Ok(response),
                Err(Failure { unsent: Some(unsent), .. }) => request = *unsent,
                Err(Failure { error: error @ UpstreamError::Invalid(_), unsent: None }) => {
                    request = spare.ok_or(error)?;
                }
                Err(Failure { error, .. }) => return Err(watch.explain(error)),
            }
        }
        let sender = connection::connect(upstream, &self.0.rules, &self.0.events).await?;
        let sent = self.attempt(upstream, sender, request).await;
        sent.map_err(|failure| watch.explain(failure.error))
    }

    /// The most recently used connection that is still open and not too old.
    fn take(&self, upstream: &Upstream) -> Option<Sender> {
        let now = self.0.clock.monotonic();
        let mut idle =
            self.0.idle.get(&upstream.id)?.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(Idle { sender, since }) = idle.pop() {
            if now.since(since) > self.0.rules.keep_alive {
                // Everything below is older still.
                idle.clear();
                return None;
            }
            if !sender.is_closed() {
                return Some(sender);
            }
        }
        None
    }

    async fn attempt(
        &self,
        upstream: &Arc<Upstream>,
        mut sender: Sender,
        request: Request<UpstreamBody>,
    ) -> Result<Response<AnswerBody>, Failure> {
        let watch = request.body().watch();
        let is_head = *request.method() == Method::HEAD;
        let ready = tokio::time::timeout(self.0.rules.connect_timeout, sender.ready()).await;
        if !matches!(ready, Ok(Ok(()))) {
            return Err(Failure {
                error: UpstreamError::Invalid("closed".into()),
                unsent: Some(Box::new(request)),
            });
        }
        let answer = sender.try_send_request(request);
        match in_time(self.0.rules.response_timeout, &watch, answer).await {
            Some(Ok(response)) => {
                let (pool, upstream) = (self.clone(), Arc::clone(upstream));
                let lease = Lease { pool, upstream, sender, request: watch, is_head };
                Ok(lease.take_answer(response))
            }
            Some(Err(mut error)) => {
                let unsent = error.take_message().map(Box::new);
                Err(Failure { error: UpstreamError::Invalid(describe(error.error())), unsent })
            }
            None => Err(Failure { error: UpstreamError::Timeout("answer"), unsent: None }),
        }
    }
}

/// What `answer` comes to, unless it takes longer than `limit` from the last time that the request
/// body went on: a long upload is no slow application. To within a quarter of that time.
async fn in_time<T>(
    limit: Duration,
    watch: &BodyWatch,
    answer: impl Future<Output = T>,
) -> Option<T> {
    let mut answer = pin!(answer);
    let (mut quiet_ticks, mut sent) = (0, watch.bytes());
    while quiet_ticks < ANSWER_TICKS {
        if let Ok(answer) = tokio::time::timeout(limit / ANSWER_TICKS, answer.as_mut()).await {
            return Some(answer);
        }
        quiet_ticks = if sent == watch.bytes() { quiet_ticks.saturating_add(1) } else { 0 };
        sent = watch.bytes();
    }
    None
}

struct Failure {
    error: UpstreamError,
    /// The request, when not a byte of it was written.
    unsent: Option<Box<Request<UpstreamBody>>>,
}

/// A copy for a second attempt, where a second attempt does no harm.
fn spare(request: &Request<UpstreamBody>) -> Option<Request<UpstreamBody>> {
    let is_safe =
        matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_empty();
    if !is_safe || request.headers().contains_key(http::header::UPGRADE) {
        return None;
    }
    let mut copy = Request::new(UpstreamBody::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

fn describe(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
