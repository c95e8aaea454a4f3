//! The end of a request: when the last byte of its answer is out, or the client has gone.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use mantlet_event::{Entry, Event, Stream, catalogue, field};

use super::Worker;
use crate::edge::wire;
use crate::http1::{Pipe, Piped};
use crate::identity::Identified;
use crate::live::Target;
use crate::pipeline::{ClientCertificate, Exchange};
use crate::upstream::{AnswerBody, BodyError, BodyWatch};

/// The status in the log of a request whose client went away before there was an answer; it is
/// never sent. The number is the field's habit.
const CLIENT_GONE: u16 = 499;

/// One request's account: opened when its head has arrived, closed when the last byte of its answer
/// is out or the client has gone, whatever happens in between.
#[derive(Debug)]
pub(super) struct Account {
    worker: Arc<Worker>,
    pub(super) exchange: Exchange,
    pub(super) target: Arc<Target>,
    pub(super) watch: BodyWatch,
    agent: Option<HeaderValue>,
    /// Held for as long as the connection must not count as idle.
    _on_wire: Option<wire::Exchange>,
    /// `None` until there is an answer.
    status: Option<StatusCode>,
    bytes: u64,
    is_complete: bool,
}

impl Account {
    /// Opens the account of a request. Boxed: it is large and handed from step to step.
    pub(super) fn open(
        worker: &Arc<Worker>,
        exchange: Exchange,
        headers: &HeaderMap,
        on_wire: Option<wire::Exchange>,
    ) -> Box<Self> {
        let gate = &*worker.gate;
        gate.metrics.request_started();
        // The client's name for itself is kept only where the access log will say it.
        let is_logged = gate.events.wants(Stream::Access);
        let agent = headers.get(http::header::USER_AGENT).filter(|_| is_logged).cloned();
        Box::new(Self {
            worker: Arc::clone(worker),
            exchange,
            target: Arc::clone(&worker.live.fallback),
            watch: BodyWatch::default(),
            agent,
            _on_wire: on_wire,
            status: None,
            bytes: 0,
            is_complete: false,
        })
    }

    /// Attaches the account to its answer.
    pub(super) fn attach(
        mut self: Box<Self>,
        response: Response<AnswerBody>,
    ) -> Response<TrackedBody> {
        self.status = Some(response.status());
        self.is_complete = response.body().is_end_stream() || self.exchange.method == Method::HEAD;
        response.map(|body| TrackedBody { body, account: self })
    }
}

/// The body of an answer, with the request's account kept until it is out.
#[derive(Debug)]
pub(crate) struct TrackedBody {
    body: AnswerBody,
    account: Box<Account>,
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
        if let Poll::Ready(frame) = &polled {
            let account = &mut self.account;
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

impl Piped for TrackedBody {
    fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        let pipe = self.body.pipe(cx)?;
        self.account.bytes = self.account.bytes.saturating_add(pipe.held() as u64);
        self.account.is_complete |= self.body.is_end_stream();
        Some(pipe)
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let gate = &*self.worker.gate;
        let duration = gate.clock.monotonic().since(self.exchange.started);
        let method = self.exchange.method.as_str();
        match self.status {
            Some(status) => self.target.plan.metrics.request_finished(
                method,
                status.as_u16(),
                duration,
                self.watch.bytes(),
                self.bytes,
            ),
            None => gate.metrics.request_abandoned(),
        }
        if self.is_taken_out() {
            gate.metrics.data_exported(&self.target.plan.route);
            gate.events.emit(self.about(&catalogue::DATA_EXPORT_COMPLETED));
        }
        if gate.events.wants(Stream::Access) {
            gate.events.emit(self.access(duration.as_secs_f64() * 1000.0));
        }
    }
}

impl Account {
    /// Whether data of the application went out that somebody keeps account of.
    fn is_taken_out(&self) -> bool {
        let is_success = self.status.is_some_and(|status| status.is_success());
        self.target.is_export && is_success && self.bytes > 0
    }

    /// What every event about the end of a request says.
    fn about(&self, entry: &'static Entry) -> Event {
        let Self { exchange, target, .. } = self;
        let status = self.status.map_or(CLIENT_GONE, |status| status.as_u16());
        let event = Event::new(entry)
            .request(exchange.id)
            .text(field::CLIENT, exchange.client.address.to_string())
            .text(field::METHOD, exchange.method.as_str().to_owned())
            .text(field::HOST, exchange.host.clone())
            .text(field::PATH, exchange.shown_path().to_owned())
            .text(field::ROUTE, target.plan.route.to_string())
            .number(field::STATUS, i64::from(status))
            .number(field::RESPONSE_BYTES, number(self.bytes))
            .text(field::OUTCOME, if self.is_complete { "complete" } else { "aborted" });
        match exchange.facts.lookup::<Identified>() {
            Some(caller) => event.text(field::USER, caller.user().to_owned()),
            None => event,
        }
    }

    fn access(&self, duration_ms: f64) -> Event {
        let Self { exchange, watch, agent, .. } = self;
        let version = match exchange.version {
            Version::HTTP_2 => "2",
            Version::HTTP_10 => "1.0",
            _ => "1.1",
        };
        let event = self
            .about(&catalogue::GATEWAY_REQUEST_COMPLETED)
            .text(field::PROTOCOL, version)
            .float(field::DURATION_MS, (duration_ms * 1000.0).round() / 1000.0)
            .number(field::REQUEST_BYTES, number(watch.bytes()))
            .text(field::TRACE_ID, exchange.trace.trace_id());
        let event = match exchange.facts.lookup::<Arc<ClientCertificate>>() {
            Some(certificate) => event.text(field::CLIENT_SUBJECT, certificate.subject.clone()),
            None => event,
        };
        match agent {
            Some(agent) => {
                let text = String::from_utf8_lossy(agent.as_bytes()).into_owned();
                event.text(field::USER_AGENT, text)
            }
            None => event,
        }
    }
}

fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
