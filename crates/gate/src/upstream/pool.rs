//! Sending a request: to the server whose turn it is, on a kept connection where there is one.

use std::sync::Arc;

use http::header::UPGRADE;
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use mantlet_event::{Events, Metrics};
use mantlet_types::{Clock, Monotonic};

use super::dial::{Dialled, dial};
use super::group::Tried;
use super::http1::{Answer, Asked, Connection, Failure, Limits, exchange, signs_in, write_head};
use super::server::Lease;
use super::{
    AnswerBody, BodyWatch, Group, Outgoing, Upstream, UpstreamBody, UpstreamError, report, two,
};
use crate::http1::table;

/// One worker's way to the servers; cheap to clone. A connection never changes its thread.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    worker: usize,
    clock: Arc<dyn Clock>,
    events: Events,
    metrics: Metrics,
}

/// A request that was not answered.
#[derive(Debug)]
pub struct Failed {
    /// Why.
    pub error: UpstreamError,
    /// The server that was asked last; `None` when there was none to ask.
    pub upstream: Option<Arc<Upstream>>,
}

impl Failed {
    /// The server that was asked last, for records; empty when there was none.
    #[must_use]
    pub fn server(&self) -> String {
        self.upstream.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

/// The server whose answer left HTTP, for records; empty for other answers.
#[must_use]
pub fn answered_by(response: &Response<AnswerBody>) -> String {
    let server = response.extensions().get::<Arc<Upstream>>();
    server.map(ToString::to_string).unwrap_or_default()
}

/// An attempt that failed.
struct Missed {
    error: UpstreamError,
    /// The body, when the server has seen nothing of the request.
    unsent: Option<UpstreamBody>,
    /// Whether it says something about the server.
    is_its_fault: bool,
    /// Whether the server said that it has not looked at the request: asking it again may help.
    is_refused: bool,
}

impl Missed {
    const fn before_sending(error: UpstreamError, body: UpstreamBody) -> Self {
        Self { error, unsent: Some(body), is_its_fault: true, is_refused: false }
    }

    /// On a connection of HTTP/2. One that was closed before says nothing of the server.
    fn over_two(failure: two::Failure) -> Self {
        let two::Failure { error, unsent, cause } = failure;
        let is_refused = matches!(cause, two::Cause::Leaving | two::Cause::Refused);
        let is_its_fault = is_refused || unsent.is_none();
        Self { error, unsent: unsent.map(|body| *body), is_its_fault, is_refused }
    }
}

impl Pool {
    /// The way of the worker with this number.
    #[must_use]
    pub fn new(worker: usize, clock: Arc<dyn Clock>, events: Events, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { worker, clock, events, metrics }))
    }

    pub(super) fn worker(&self) -> usize {
        self.0.worker
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// Sends one request to a server of `group` and waits for the head of its answer. A request
    /// that has reached no server is tried on another one, within the retries the configuration
    /// allows.
    ///
    /// # Errors
    /// [`Failed`]; a request that may have reached a server is not sent twice, except one without
    /// body and effect (`GET`, `HEAD`, `OPTIONS`) on a connection that had been idle. One that a
    /// server has refused unseen goes to the others, and where there is none, to the same server
    /// once more.
    pub async fn send(
        &self,
        group: &Group,
        mut outgoing: Outgoing,
    ) -> Result<Response<AnswerBody>, Failed> {
        let (mut tried, mut retries, mut again) = (Tried::default(), 0, None);
        let mut failed = Failed { error: UpstreamError::Saturated, upstream: None };
        let now = self.0.clock.monotonic();
        group.earn();
        while let Some(upstream) = group.pick(now, &mut tried).or_else(|| again.take()) {
            if let Err(left) = upstream.breaker.enter(now, &upstream.rules.breaker) {
                if failed.upstream.is_none() {
                    let upstream = Some(Arc::clone(upstream));
                    failed = Failed { error: UpstreamError::Resting(left), upstream };
                }
                continue;
            }
            let missed = match self.send_to(upstream, &mut outgoing, now).await {
                Ok(response) => {
                    self.connected(upstream);
                    table::give_back(outgoing.headers);
                    return Ok(response);
                }
                Err(missed) => *missed,
            };
            let Missed { error, unsent, is_its_fault, is_refused } = missed;
            self.missed(upstream, &error, is_its_fault);
            failed = Failed { error, upstream: Some(Arc::clone(upstream)) };
            let Some(body) = unsent.filter(|_| retries < upstream.rules.retries) else { break };
            if !group.may_retry() {
                self.0.metrics.limit_reached("upstream.retries");
                break;
            }
            outgoing.body = body;
            again = (is_refused && retries == 0).then_some(upstream);
            retries += 1;
        }
        Err(failed)
    }

    /// Sends the request to this server: on a kept connection where there is one, else on a new
    /// one. A kept connection that turns out to be closed costs nothing but the next attempt.
    async fn send_to(
        &self,
        upstream: &Arc<Upstream>,
        outgoing: &mut Outgoing,
        now: Monotonic,
    ) -> Result<Response<AnswerBody>, Box<Missed>> {
        let lease = Lease::begin(upstream, self);
        let is_repeatable = outgoing.is_repeatable();
        let may_be_two = !outgoing.headers.contains_key(UPGRADE);
        let mut body = std::mem::take(&mut outgoing.body);
        let watch = body.watch();
        if may_be_two && let Some(sender) = upstream.two(self.0.worker) {
            match Box::pin(self.attempt_two(sender, upstream, outgoing, body)).await {
                Ok(response) => return Ok(AnswerBody::of_two(response, lease)),
                Err(failure) => body = failure.body_for_another_connection()?,
            }
        }
        if let Some(kept) = upstream.take(self.0.worker, now, !is_repeatable) {
            match attempt(kept, upstream, outgoing, body).await {
                Ok(answer) => return Ok(into_response(answer, lease)),
                Err(Failure { is_gone: true, unsent: Some(unsent), .. }) => body = *unsent,
                // However recently it was used: some applications close after an answer.
                Err(Failure { is_gone: true, .. }) if is_repeatable => body = UpstreamBody::empty(),
                Err(failure) => return Err(Box::new(lost(failure, &watch, true))),
            }
        }
        // Boxed, so that requests on kept connections do without room for it.
        Box::pin(self.send_on_new(upstream, outgoing, body, lease)).await
    }

    /// Sends the request on a new connection.
    async fn send_on_new(
        &self,
        upstream: &Arc<Upstream>,
        outgoing: &Outgoing,
        body: UpstreamBody,
        lease: Lease,
    ) -> Result<Response<AnswerBody>, Box<Missed>> {
        let may_be_two = !outgoing.headers.contains_key(UPGRADE);
        let watch = body.watch();
        let dialled = match dial(upstream, may_be_two, self.clock()).await {
            Ok(dialled) => dialled,
            Err(error) => return Err(Box::new(Missed::before_sending(error, body))),
        };
        match dialled {
            Dialled::One(connection) => match attempt(connection, upstream, outgoing, body).await {
                Ok(answer) => Ok(into_response(answer, lease)),
                Err(failure) => Err(Box::new(lost(failure, &watch, false))),
            },
            Dialled::Two(stream, open) => {
                let sender = match two::begin(stream, open, upstream, &self.0.events).await {
                    Ok(sender) => sender,
                    Err(error) => return Err(Box::new(Missed::before_sending(error, body))),
                };
                upstream.keep_two(self.0.worker, sender.clone());
                match self.attempt_two(sender, upstream, outgoing, body).await {
                    Ok(response) => Ok(AnswerBody::of_two(response, lease)),
                    Err(failure) => Err(Box::new(Missed::over_two(failure))),
                }
            }
        }
    }

    async fn attempt_two(
        &self,
        mut sender: two::Sender,
        upstream: &Upstream,
        outgoing: &Outgoing,
        body: UpstreamBody,
    ) -> Result<Response<Incoming>, two::Failure> {
        if upstream.active() > upstream.rules.max_connections {
            let (error, unsent) = (UpstreamError::Saturated, Some(Box::new(body)));
            return Err(two::Failure { error, unsent, cause: two::Cause::Other });
        }
        let sent = two::exchange(&mut sender, upstream, outgoing, body).await;
        if sent.as_ref().is_err_and(|failure| failure.cause != two::Cause::Other) {
            upstream.forget_two(self.0.worker);
        }
        sent
    }

    fn connected(&self, upstream: &Upstream) {
        if let Some(turn) = upstream.breaker.connected() {
            report::turned(&self.0.events, &self.0.metrics, upstream, turn);
        }
    }

    /// Notes that an answer has come whole.
    pub(super) fn succeeded(&self, upstream: &Upstream) {
        if upstream.health.is_spotless() {
            return;
        }
        if let Some(change) = upstream.health.succeeded(self.0.clock.monotonic()) {
            report::changed(&self.0.events, &self.0.metrics, upstream, change);
        }
    }

    fn missed(&self, upstream: &Upstream, error: &UpstreamError, is_its_fault: bool) {
        let now = self.0.clock.monotonic();
        match error {
            UpstreamError::Client(_)
            | UpstreamError::Saturated
            | UpstreamError::Exhausted(_)
            | UpstreamError::Resting(_) => return,
            UpstreamError::Unreachable(_) | UpstreamError::Timeout("connection" | "address") => {
                if let Some(turn) = upstream.breaker.failed(now, &upstream.rules.breaker) {
                    report::turned(&self.0.events, &self.0.metrics, upstream, turn);
                }
            }
            UpstreamError::Invalid(_) | UpstreamError::Timeout(_) => {}
        }
        if is_its_fault {
            self.failed(upstream);
        }
    }

    /// Notes a failure that says something about the server.
    pub(super) fn failed(&self, upstream: &Upstream) {
        let now = self.0.clock.monotonic();
        if let Some(change) = upstream.health.failed(now, &upstream.rules.health) {
            report::changed(&self.0.events, &self.0.metrics, upstream, change);
        }
    }
}

async fn attempt(
    mut connection: Box<Connection>,
    upstream: &Upstream,
    outgoing: &Outgoing,
    body: UpstreamBody,
) -> Result<Answer, Failure> {
    write_head(connection.head(), upstream.address.base(), outgoing);
    let rules = &upstream.rules;
    let asked = Asked {
        method: &outgoing.method,
        body,
        signs_in: signs_in(&outgoing.headers),
        limits: Limits { head: rules.head_limit, header_count: rules.header_count },
        answer_within: rules.response_timeout,
        pause: rules.idle_timeout,
    };
    exchange(connection, asked).await
}

/// A failure on a connection of HTTP/1.1. A kept one that was closed says nothing of the server.
fn lost(failure: Failure, watch: &BodyWatch, is_kept: bool) -> Missed {
    let Failure { error, is_gone, .. } = failure;
    let is_its_fault = !(is_kept && is_gone);
    Missed { error: watch.explain(error), unsent: None, is_its_fault, is_refused: false }
}

impl two::Failure {
    /// The body, where the connection was at its end before the server had looked at the request:
    /// that costs nothing but another connection.
    fn body_for_another_connection(self) -> Result<UpstreamBody, Box<Missed>> {
        match self {
            Self {
                cause: two::Cause::Closed | two::Cause::Leaving, unsent: Some(body), ..
            } => Ok(*body),
            failure => Err(Box::new(Missed::over_two(failure))),
        }
    }
}

fn into_response(answer: Answer, lease: Lease) -> Response<AnswerBody> {
    let Answer { status, headers, body } = answer;
    let switched =
        (status == StatusCode::SWITCHING_PROTOCOLS).then(|| Arc::clone(lease.upstream()));
    let mut response = Response::new(AnswerBody::upstream(body, lease));
    if let Some(upstream) = switched {
        response.extensions_mut().insert(upstream);
    }
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

impl Outgoing {
    /// Whether sending it twice does no harm.
    fn is_repeatable(&self) -> bool {
        let is_safe = matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS);
        is_safe && self.body.is_empty() && !self.headers.contains_key(UPGRADE)
    }
}
