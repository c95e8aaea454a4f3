//! Refusals on the way: from what happened to what the client sees.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response};
use mantlet_event::reasons;
use mantlet_types::Reason;

use super::worker::Connection;
use super::{Stop, Worker};
use crate::edge::wire::{Class, Violation, WireControl};
use crate::live::Target;
use crate::pipeline::{AfterAnswer, Denial, Exchange, HeldAnswer, Origin, Sketch};
use crate::refusal;
use crate::stages::hygiene::NormalPath;
use crate::upstream::{AnswerBody, BodyError, UpstreamError};

/// The refusal of a request whose head is not clean HTTP/1.1.
pub(super) fn of_violation(violation: &Violation, exchange: &mut Exchange) -> Denial {
    // Nothing of the request is known but this.
    exchange.path = NormalPath::root();
    // Without the query, where secrets may be.
    let target = violation.target().and_then(|target| target.split('?').next());
    exchange.asked = target.map(str::to_owned);
    if let Some(method) = violation.method().and_then(|method| method.parse().ok()) {
        exchange.method = method;
    }
    denial_of(violation)
}

/// The limit that a request has reached with its head; `None` when it was refused for another
/// reason. Heads with too many fields are too large, too.
fn limit_of(reason: &Reason) -> Option<&'static str> {
    Some(match reason {
        reason if *reason == reasons::HEAD_TOO_LARGE => "server.head_limit",
        reason if *reason == reasons::URI_TOO_LONG => "server.target_limit",
        reason if *reason == reasons::HEAD_TIMEOUT => "server.head_timeout",
        _ => return None,
    })
}

/// `stop`, with its true cause where a body broke off because of what the client wrote in it.
pub(super) fn with_cause(stop: Stop, connection: &Connection) -> Stop {
    let violation = connection.wire.as_ref().and_then(WireControl::violation);
    match (stop, violation) {
        (Stop::Stage(_, _, denial), Some(violation))
            if *denial.reason == reasons::BODY_INCOMPLETE =>
        {
            Stop::hygiene(denial_of(violation))
        }
        (stop, _) => stop,
    }
}

fn denial_of(violation: &Violation) -> Denial {
    let reason: &'static Reason = match violation.class() {
        Class::Malformed => &reasons::MALFORMED_REQUEST,
        Class::AmbiguousFraming => &reasons::AMBIGUOUS_FRAMING,
        Class::InvalidHost => &reasons::INVALID_HOST,
        Class::InvalidTarget => &reasons::INVALID_PATH,
        Class::HeadTooLarge => &reasons::HEAD_TOO_LARGE,
        Class::TargetTooLong => &reasons::URI_TOO_LONG,
        Class::Expectation => &reasons::EXPECTATION_FAILED,
        Class::Timeout => &reasons::HEAD_TIMEOUT,
    };
    Denial::new(reason).evidence(violation.to_string())
}

impl Worker {
    /// Reports what has not been reported, renders, and lets the answer guards have their word.
    pub(super) fn refusal(
        &self,
        target: &Target,
        exchange: &Exchange,
        accept: Option<&HeaderValue>,
        stop: Stop,
    ) -> Response<AnswerBody> {
        let response = match stop {
            Stop::Answered(response) => response.map(AnswerBody::full),
            Stop::Guard(denial) => render(&denial, exchange, accept),
            Stop::Stage(entry, stage, denial) => {
                if let Some(limit) = limit_of(denial.reason) {
                    self.gate.metrics.limit_reached(limit);
                }
                let sketch = Sketch::of(exchange, &target.plan.route);
                self.runner.report_stage(entry, stage, &sketch, &denial);
                render(&denial, exchange, accept)
            }
        };
        self.dress_own(target, exchange, response)
    }

    /// The answer guards on an answer of our own; a guard that fails here must not cost the
    /// refusal, so what it would withhold is sent as it is.
    fn dress_own(
        &self,
        target: &Target,
        exchange: &Exchange,
        mut response: Response<AnswerBody>,
    ) -> Response<AnswerBody> {
        let head = (response.status(), response.headers_mut(), Origin::Gate);
        let _ = self.runner.inspect_answer(&target.plan, exchange, head, None);
        response
    }

    /// The answer guards on an answer that is about to go out.
    pub(super) async fn inspect_answer(
        &self,
        target: &Target,
        exchange: &Exchange,
        accept: Option<&HeaderValue>,
        mut response: Response<AnswerBody>,
    ) -> Response<AnswerBody> {
        let origin = response.extensions().get().copied().unwrap_or(Origin::Upstream);
        let status = response.status();
        // Guards look at the application's head; what they change is applied to it.
        let head = (status, response.headers_mut(), origin);
        let mut after = self.runner.inspect_answer(&target.plan, exchange, head, None);
        if let AfterAnswer::Hold(limit) = after {
            after = match response.body_mut().hold(limit).await {
                Ok((bytes, is_complete)) => {
                    let held = HeldAnswer { bytes: &bytes, is_complete };
                    let head = (status, response.headers_mut(), origin);
                    self.runner.inspect_answer(&target.plan, exchange, head, Some(held))
                }
                Err(error) => return self.broken(target, exchange, accept, &error),
            };
        }
        match after {
            AfterAnswer::Send(filters)
                if !filters.is_empty() && exchange.method != Method::HEAD =>
            {
                let mut response = response.map(|body| body.filtered(filters));
                match response.body_mut().begin().await {
                    Ok(()) => response,
                    Err(error) => self.broken(target, exchange, accept, &error),
                }
            }
            AfterAnswer::Send(_) | AfterAnswer::Hold(_) => response,
            AfterAnswer::Refuse(denial) => {
                self.refusal(target, exchange, accept, Stop::Guard(denial))
            }
        }
    }

    /// The answer in place of one of the application's that cannot be read.
    fn broken(
        &self,
        target: &Target,
        exchange: &Exchange,
        accept: Option<&HeaderValue>,
        error: &BodyError,
    ) -> Response<AnswerBody> {
        let error = UpstreamError::Invalid(error.to_string());
        self.refusal(target, exchange, accept, self.upstream_stop(&error, ""))
    }
}

fn render(
    denial: &Denial,
    exchange: &Exchange,
    accept: Option<&HeaderValue>,
) -> Response<AnswerBody> {
    let mut headers = HeaderMap::new();
    if let Some(accept) = accept {
        headers.insert(http::header::ACCEPT, accept.clone());
    }
    refusal::render(denial, exchange.id, &headers, &exchange.method).map(own_body)
}

fn own_body(bytes: Bytes) -> AnswerBody {
    if bytes.is_empty() { AnswerBody::empty() } else { AnswerBody::full(bytes) }
}
