//! Refusals of the admin listener: problem details (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use mantlet_event::reasons;
use mantlet_types::Reason;
use serde_json::json;

use crate::AuthError;

/// Why a request is not answered. A handler returns it; the server renders and reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Asked under a name that is not ours.
    Host,
    /// Asked by a page that is not ours.
    Origin,
    /// Neither GET nor HEAD.
    Method,
    /// Nothing there.
    NotFound,
    /// Somebody who may not.
    Auth(AuthError),
    /// The answer took too long.
    Timeout,
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::Auth(error)
    }
}

impl Refusal {
    /// What the catalogue says about it.
    pub(crate) const fn reason(self) -> &'static Reason {
        match self {
            Self::Host => &reasons::FOREIGN_HOST,
            Self::Origin => &reasons::FOREIGN_ORIGIN,
            Self::Method => &reasons::METHOD_NOT_ALLOWED,
            Self::NotFound => &reasons::NOT_FOUND,
            Self::Auth(AuthError::Required) => &reasons::TOKEN_REQUIRED,
            Self::Auth(AuthError::Invalid) => &reasons::TOKEN_INVALID,
            Self::Auth(AuthError::Closed) => &reasons::ADMIN_CLOSED,
            Self::Timeout => &reasons::ADMIN_TIMEOUT,
        }
    }

    /// Whether an operator should hear of it: what is merely not there is no attack.
    pub(crate) const fn is_reported(self) -> bool {
        !matches!(self, Self::NotFound)
    }

    pub(crate) fn render(self) -> Response {
        let reason = self.reason();
        let document = json!({
            "type": "about:blank",
            "title": reason.title,
            "status": reason.status,
            "detail": reason.detail,
            "code": reason.code,
        });
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() =
            StatusCode::from_u16(reason.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let challenge = match self {
            Self::Auth(AuthError::Required) => Some("Bearer realm=\"mantlet\""),
            Self::Auth(AuthError::Invalid) => {
                Some("Bearer realm=\"mantlet\", error=\"invalid_token\"")
            }
            _ => None,
        };
        if let Some(challenge) = challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if self == Self::Method {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

impl IntoResponse for Refusal {
    /// Only carries the refusal to the server, which renders all of them.
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}
