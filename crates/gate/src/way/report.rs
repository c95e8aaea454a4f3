//! Taking the reports of browsers about policies.
//!
//! Anyone can send them, so they cost little and say little: a small body, a status, no event and no
//! line but that of the access log.

use std::time::Duration;

use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use url::Url;

use super::{Answer, Worker};
use crate::edge::RequestBody;
use crate::guards::csp::Reports;
use crate::guards::csp::reports::{Format, Rejected};
use crate::pipeline::{Exchange, Origin};
use crate::upstream::AnswerBody;

/// The largest report, in bytes.
const LARGEST: usize = 64 * 1024;
/// How long a report may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

impl Worker {
    /// Takes one report about a page of the host that it was sent to.
    pub(super) async fn take_report(
        &self,
        reports: &Reports,
        exchange: &Exchange,
        body: RequestBody,
    ) -> Answer {
        let status = match format(exchange) {
            Ok(format) => match read(body).await {
                Ok(body) => outcome(reports.take(format, &body, &exchange.host)),
                Err(status) => status,
            },
            Err(status) => status,
        };
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            self.gate.metrics.limit_reached("csp.reports.size");
        }
        Ok(answer(status))
    }
}

const fn outcome(taken: Result<(), Rejected>) -> StatusCode {
    match taken {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(Rejected::Malformed) => StatusCode::BAD_REQUEST,
        Err(Rejected::TooMany) => StatusCode::TOO_MANY_REQUESTS,
    }
}

/// What the head says about the report, or why it is none.
fn format(exchange: &Exchange) -> Result<Format, StatusCode> {
    if exchange.method != Method::POST {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    if !is_own(&exchange.headers, &exchange.host) {
        return Err(StatusCode::FORBIDDEN);
    }
    let kind = exchange.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.and_then(Format::of).ok_or(StatusCode::UNSUPPORTED_MEDIA_TYPE)
}

/// Whether the request comes from a page of this host, as far as the browser says.
fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    let origin = headers.get(ORIGIN).map(|origin| {
        let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        origin.is_some_and(|origin| origin.host_str() == Some(host))
    });
    matches!(site, None | Some(b"same-origin" | b"none")) && origin.unwrap_or(true)
}

async fn read(body: RequestBody) -> Result<bytes::Bytes, StatusCode> {
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, LARGEST).collect()).await;
    match whole {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(StatusCode::PAYLOAD_TOO_LARGE)
        }
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn answer(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status != StatusCode::NO_CONTENT {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
    }
    match status {
        StatusCode::METHOD_NOT_ALLOWED => {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        StatusCode::TOO_MANY_REQUESTS => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        _ => {}
    }
    response.extensions_mut().insert(Origin::Gate);
    response
}
