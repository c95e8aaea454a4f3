//! The end of a request: when the last byte of its answer is out, or the client has gone.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use mantlet_event::{Event, Stream, catalogue, field};

use super::Worker;
use crate::edge::wire;
use crate::live::Target;
use crate::pipeline::Exchange;
use crate::upstream::{AnswerBody, BodyError, BodyWatch};

/// What is needed to say how a request went.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) exchange: Box<Exchange>,
    pub(super) target: Arc<Target>,
    pub(super) watch: BodyWatch,
    pub(super) agent: Option<HeaderValue>,
    /// Held for as long as the connection must not count as idle.
    pub(super) on_wire: Option<wire::Exchange>,
}

/// The body of an answer, with the request's accounts kept until it is out.
#[derive(Debug)]
pub(crate) struct TrackedBody {
    body: AnswerBody,
    account: Option<Box<Account>>,
}

#[derive(Debug)]
struct Account {
    worker: Arc<Worker>,
    ended: Ended,
    status: StatusCode,
    bytes: u64,
    is_complete: bool,
}

pub(super) fn track(
    worker: &Arc<Worker>,
    response: Response<AnswerBody>,
    ended: Ended,
) -> Response<TrackedBody> {
    let status = response.status();
    let has_no_body = response.body().is_end_stream() || ended.exchange.method == Method::HEAD;
    let worker = Arc::clone(worker);
    let account = Box::new(Account { worker, ended, status, bytes: 0, is_complete: has_no_body });
    response.map(|body| TrackedBody { body, account: Some(account) })
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let is_over = self.body.is_end_stream();
        if let (Poll::Ready(frame), Some(account)) = (&polled, &mut self.account) {
            match frame {
                Some(Ok(frame)) => {
                    let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                    account.bytes = account.bytes.saturating_add(size);
                    account.is_complete |= is_over;
                }
                Some(Err(_)) => {}
                None => account.is_complete = true,
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let gate = &*self.worker.gate;
        let Ended { exchange, target, watch, .. } = &self.ended;
        let duration = gate.clock.monotonic().since(exchange.started);
        let (sent, received) = (self.bytes, watch.bytes());
        let method = exchange.method.as_str();
        target.plan.metrics.request_finished(
            method,
            self.status.as_u16(),
            duration,
            received,
            sent,
        );
        if gate.events.wants(Stream::Access) {
            gate.events.emit(self.access(duration.as_secs_f64() * 1000.0));
        }
        // Only now may the connection count as idle.
        self.ended.on_wire.take();
    }
}

impl Account {
    fn access(&self, duration_ms: f64) -> Event {
        let Ended { exchange, target, watch, agent, .. } = &self.ended;
        let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        let version = match exchange.version {
            Version::HTTP_2 => "2",
            Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        let event = Event::new(&catalogue::GATEWAY_REQUEST_COMPLETED)
            .request(exchange.id)
            .text(field::CLIENT, exchange.client.address.to_string())
            .text(field::METHOD, exchange.method.as_str().to_owned())
            .text(field::HOST, exchange.host.clone())
            .text(field::PATH, exchange.path.as_str().to_owned())
            .text(field::ROUTE, target.plan.route.to_string())
            .text(field::PROTOCOL, version)
            .number(field::STATUS, i64::from(self.status.as_u16()))
            .float(field::DURATION_MS, (duration_ms * 1000.0).round() / 1000.0)
            .number(field::REQUEST_BYTES, number(watch.bytes()))
            .number(field::RESPONSE_BYTES, number(self.bytes))
            .text(field::TRACE_ID, exchange.trace.trace_id())
            .text(field::OUTCOME, if self.is_complete { "complete" } else { "aborted" });
        match agent.as_ref().and_then(|agent| agent.to_str().ok()) {
            Some(agent) => event.text(field::USER_AGENT, agent.to_owned()),
            None => event,
        }
    }
}
