//! The step to the application.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, EXPECT, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use http_body::Body as _;
use mantlet_event::{Event, catalogue, field, reasons};
use mantlet_types::Reason;

use super::{Answer, Stop, Worker};
use crate::edge::RequestBody;
use crate::live::Target;
use crate::pipeline::{Denial, Exchange, Refusal};
use crate::recording::Seen;
use crate::upstream::{
    Group, Outgoing, Patience, UpstreamBody, UpstreamError, answered_by, clean_answer,
};

impl Worker {
    /// The body as it will go to the upstream: held and inspected, or streamed under its limit.
    pub(super) async fn body(
        &self,
        target: &Target,
        exchange: &mut Exchange,
        body: RequestBody,
    ) -> Result<UpstreamBody, Stop> {
        let limit = target.body_limit;
        // What announces too much is refused before a byte of it is read.
        if body.size_hint().lower() > limit {
            return Err(self.body_stop(&reasons::BODY_TOO_LARGE, limit));
        }
        exchange.headers.remove(EXPECT);
        if body.is_end_stream() {
            self.record(exchange, Seen::None, None);
            return Ok(UpstreamBody::empty());
        }
        // Such a body would go out without a framing, and so not at all (HTTP/2; on the wire of
        // HTTP/1.1 it is refused before).
        let is_bodiless = matches!(exchange.method, Method::GET | Method::HEAD);
        if is_bodiless && !exchange.headers.contains_key(CONTENT_LENGTH) {
            let denial = Denial::new(&reasons::AMBIGUOUS_FRAMING);
            return Err(Stop::hygiene(denial.evidence("a body without length")));
        }
        if target.is_upload || !self.runner.wants_body(&target.plan, exchange) {
            self.record(exchange, Seen::NotHeld, None);
            let stream = UpstreamBody::stream(body, limit, self.live.body_pace);
            // What streams by unseen as gRPC must be that.
            let is_grpc = !target.is_upload && exchange.is_grpc();
            return Ok(if is_grpc { stream.of_grpc() } else { stream });
        }
        Box::pin(self.hold(target, exchange, body)).await
    }

    /// Reads the whole body and shows it to the guards before the upstream sees a byte.
    async fn hold(
        &self,
        target: &Target,
        exchange: &mut Exchange,
        mut body: RequestBody,
    ) -> Result<UpstreamBody, Stop> {
        let limit = target.body_limit;
        let mut share = self.gate.body_memory.share();
        let mut held = BytesMut::new();
        let mut patience = Patience::new(self.live.body_pace);
        loop {
            let frame = poll_fn(|cx| patience.poll_frame(cx, &mut body)).await;
            let frame = match frame {
                Err(reason) => return Err(self.body_stop(reason, limit)),
                Ok(None) => break,
                Ok(Some(Err(_))) => return Err(self.body_stop(&reasons::BODY_INCOMPLETE, limit)),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else { continue };
            let size = data.len() as u64;
            if held.len() as u64 + size > limit {
                return Err(self.body_stop(&reasons::BODY_TOO_LARGE, limit));
            }
            if !share.grow(size) {
                return Err(self.body_stop(&reasons::BODY_MEMORY_EXHAUSTED, limit));
            }
            held.extend_from_slice(&data);
        }
        let held = held.freeze();
        let inspected = self.runner.inspect_body(&target.plan, exchange, &held).await;
        self.record(exchange, Seen::Whole(&held), inspected.as_ref().err());
        inspected?;
        // What was chunked has a length now; two framings never go out together.
        exchange.headers.insert(CONTENT_LENGTH, HeaderValue::from(held.len()));
        Ok(UpstreamBody::held(held, share))
    }

    /// Keeps the request for later, where that is asked for.
    pub(super) fn record(&self, exchange: &Exchange, seen: Seen<'_>, refusal: Option<&Refusal>) {
        let Some(recorder) = &self.gate.recorder else { return };
        match refusal {
            Some(Refusal::Denied(denial)) => recorder.refused(exchange, seen, denial.reason),
            // What a guard answers itself is no business of the application.
            Some(Refusal::Answered(_)) => {}
            None => recorder.passed(exchange, seen),
        }
    }

    /// Counts the limit that a body has reached, where it was one.
    fn count(&self, reason: &'static Reason) {
        let limit = match reason {
            reason if *reason == reasons::BODY_TOO_LARGE => "server.body_limit",
            reason if *reason == reasons::BODY_MEMORY_EXHAUSTED => "server.body_memory",
            reason if *reason == reasons::BODY_TIMEOUT => "server.body_timeout",
            reason if *reason == reasons::BODY_TOO_SLOW => "server.min_body_rate",
            _ => return,
        };
        self.gate.metrics.limit_reached(limit);
    }

    fn body_stop(&self, reason: &'static Reason, limit: u64) -> Stop {
        let mut denial = Denial::new(reason);
        self.count(reason);
        if *reason == reasons::BODY_TOO_LARGE {
            denial = denial.member("limit_bytes", i64::try_from(limit).unwrap_or(i64::MAX));
        }
        Stop::Stage(&catalogue::BODY_LIMIT_EXCEEDED, "body", Box::new(denial))
    }

    /// Sends the request and takes the answer.
    pub(super) async fn forward(
        self: &Arc<Self>,
        group: &Group,
        exchange: &mut Exchange,
        body: UpstreamBody,
    ) -> Answer {
        if group.is_empty() {
            return Err(Stop::route(Denial::new(&reasons::NO_ROUTE)));
        }
        let outgoing = Outgoing::build(exchange, body).map_err(|denial| Stop::hygiene(*denial))?;
        match self.pool.send(group, outgoing).await {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                let error = UpstreamError::Invalid("switched protocols without being asked".into());
                Err(self.upstream_stop(&error, &answered_by(&response)))
            }
            Ok(mut response) => {
                clean_answer(&mut response);
                match response.body_mut().begin_two().await {
                    Ok(()) => Ok(response),
                    Err(error) => {
                        let error = UpstreamError::Invalid(error.to_string());
                        Err(self.upstream_stop(&error, &answered_by(&response)))
                    }
                }
            }
            Err(failed) => Err(self.upstream_stop(&failed.error, &failed.server())),
        }
    }

    /// One event for the cause, and the refusal it comes to.
    pub(super) fn upstream_stop(&self, error: &UpstreamError, upstream: &str) -> Stop {
        self.gate.metrics.upstream_failed(error.kind());
        let mut denial = Box::new(Denial::new(error.reason()).evidence(error.to_string()));
        if let Some(seconds) = error.retry_after() {
            denial.headers.push((RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let UpstreamError::Client(reason) = error {
            self.count(reason);
            return Stop::Stage(&catalogue::BODY_LIMIT_EXCEEDED, "body", denial);
        }
        let entry = match error {
            UpstreamError::Timeout(_) => &catalogue::UPSTREAM_ANSWER_TIMEDOUT,
            _ => &catalogue::UPSTREAM_CONNECTION_FAILED,
        };
        self.gate.events.emit(
            Event::new(entry)
                .text(field::UPSTREAM, upstream.to_owned())
                .text(field::ERROR, error.to_string()),
        );
        Stop::Stage(&catalogue::GATEWAY_REQUEST_REFUSED, "upstream", denial)
    }
}
