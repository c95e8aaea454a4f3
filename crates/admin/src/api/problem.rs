//! What a call comes to when it fails: problem details (RFC 9457) of stable types.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use mantlet_event::reasons;
use mantlet_schema::{Refusal, RefusalKind};
use mantlet_types::Reason;
use serde_json::{Map, Value, json};

use crate::desk::{DeskError, Kind};

/// Where the types of problems are described, each under its code.
pub(super) const TYPES: &str = "/v1/problems/";

/// Every problem that there is.
pub(super) static ALL: [&Reason; 23] = [
    &reasons::API_MALFORMED,
    &reasons::API_UNAUTHENTICATED,
    &reasons::API_SCOPE,
    &reasons::API_BEYOND,
    &reasons::FOREIGN_ORIGIN,
    &reasons::API_NOT_FOUND,
    &reasons::API_METHOD,
    &reasons::API_NOT_ACCEPTABLE,
    &reasons::API_SLOW,
    &reasons::API_CONFLICT,
    &reasons::API_IN_FLIGHT,
    &reasons::API_CHANGED,
    &reasons::API_TOO_LARGE,
    &reasons::API_MEDIA_TYPE,
    &reasons::FOREIGN_HOST,
    &reasons::API_INVALID,
    &reasons::API_KEY_REUSED,
    &reasons::API_PRECONDITION,
    &reasons::API_RATE,
    &reasons::API_DEFECT,
    &reasons::API_BUSY,
    &reasons::API_UNAVAILABLE,
    &reasons::ADMIN_TIMEOUT,
];

/// What a call comes to when it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) reason: &'static Reason,
    /// What the reason does not say, aside: most calls succeed, and carry none of it.
    more: Box<More>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct More {
    /// What is wrong with this very request; `None` where the reason says it all.
    detail: Option<String>,
    hint: Option<String>,
    errors: Vec<Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the operator alone.
    evidence: Option<String>,
}

impl Problem {
    pub(super) fn new(reason: &'static Reason) -> Self {
        Self { reason, more: Box::default() }
    }

    /// What is asked for is not in order.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::told(&reasons::API_INVALID, More { detail: Some(detail.into()), ..More::default() })
    }

    /// There is no such thing.
    pub(super) fn not_found() -> Self {
        Self::new(&reasons::API_NOT_FOUND)
    }

    /// Nobody that counts asks; `evidence` for the operator. Says the same whatever is wrong.
    pub(super) fn unauthenticated(evidence: Option<String>) -> Self {
        let challenge = match evidence {
            None => HeaderValue::from_static("Bearer realm=\"mantlet\""),
            Some(_) => {
                HeaderValue::from_static("Bearer realm=\"mantlet\", error=\"invalid_token\"")
            }
        };
        let more = More { evidence, ..More::default() };
        Self::told(&reasons::API_UNAUTHENTICATED, more).header(WWW_AUTHENTICATE, challenge)
    }

    /// The credential does not name `scope`.
    pub(super) fn lacks(scope: &str) -> Self {
        let challenge =
            format!("Bearer realm=\"mantlet\", error=\"insufficient_scope\", scope=\"{scope}\"");
        let problem = Self::new(&reasons::API_SCOPE).evidence(scope);
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => problem.header(WWW_AUTHENTICATE, challenge),
            Err(_) => problem,
        }
    }

    pub(super) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.more.headers.push((name, value));
        self
    }

    pub(super) fn evidence(mut self, evidence: impl Into<String>) -> Self {
        self.more.evidence = Some(evidence.into());
        self
    }

    /// What the operator is told besides.
    pub(super) fn for_operator(&self) -> Option<String> {
        self.more.evidence.clone()
    }

    fn told(reason: &'static Reason, more: More) -> Self {
        Self { reason, more: Box::new(more) }
    }

    /// Whether the same request is to be answered anew: nothing of it was done.
    pub(super) const fn is_passing(&self) -> bool {
        self.reason.status >= 500
    }

    /// Whether an operator should hear of it.
    pub(super) fn is_reported(&self) -> bool {
        [401, 403, 429].contains(&self.reason.status) || self.reason.status >= 500
    }

    /// Bytes that keeping it takes.
    pub(super) fn size(&self) -> usize {
        let texts = [&self.more.detail, &self.more.hint].into_iter().flatten().map(String::len);
        texts.sum::<usize>().saturating_add(self.more.errors.len().saturating_mul(256))
    }

    pub(super) fn render(self) -> Response {
        let Self { reason, more } = self;
        let More { detail, hint, errors, headers: more, .. } = *more;
        let mut document = Map::new();
        let detail = detail.as_deref().unwrap_or(reason.detail);
        for (name, value) in [
            ("type", Value::from(format!("{TYPES}{}", reason.code))),
            ("title", Value::from(reason.title)),
            ("status", Value::from(reason.status)),
            ("detail", Value::from(detail)),
            ("code", Value::from(reason.code)),
        ] {
            document.insert(name.to_owned(), value);
        }
        if let Some(hint) = hint {
            document.insert("hint".to_owned(), Value::from(hint));
        }
        if !errors.is_empty() {
            document.insert("errors".to_owned(), Value::from(errors));
        }
        let mut response = Response::new(Body::from(Value::Object(document).to_string()));
        *response.status_mut() =
            StatusCode::from_u16(reason.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(more);
        response
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let reason = match error.kind {
            Kind::Invalid => &reasons::API_INVALID,
            Kind::Unknown => &reasons::API_NOT_FOUND,
            Kind::Conflict => &reasons::API_CONFLICT,
            Kind::Changed => &reasons::API_CHANGED,
            Kind::Forbidden => &reasons::API_BEYOND,
            Kind::Busy => &reasons::API_BUSY,
            // What is wrong inside is for the operator alone.
            Kind::Unavailable => {
                return Self::new(&reasons::API_UNAVAILABLE).evidence(error.message);
            }
        };
        let (detail, hint) = (Some(error.message), Some(error.hint));
        Self::told(reason, More { detail, hint, ..More::default() })
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let reason = match refusal.kind {
            RefusalKind::Invalid => &reasons::API_INVALID,
            RefusalKind::Malformed | RefusalKind::TooComplex => &reasons::API_MALFORMED,
            RefusalKind::MediaType => &reasons::API_MEDIA_TYPE,
        };
        let faults = refusal.faults.iter().map(|fault| {
            json!({
                "place": fault.place.as_str(),
                "pointer": fault.pointer,
                "message": fault.message,
            })
        });
        Self::told(reason, More { errors: faults.collect(), ..More::default() })
    }
}
