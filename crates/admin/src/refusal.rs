//! Refusals of the admin listener: problem details (RFC 9457).

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
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
    /// Status, code and title.
    const fn line(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Host => (StatusCode::MISDIRECTED_REQUEST, "invalid-host", "Unknown host"),
            Self::Origin => (StatusCode::FORBIDDEN, "foreign-origin", "Foreign origin"),
            Self::Method => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::Auth(AuthError::Required) => {
                (StatusCode::UNAUTHORIZED, "token-required", "Token required")
            }
            Self::Auth(AuthError::Invalid) => {
                (StatusCode::UNAUTHORIZED, "token-invalid", "Invalid token")
            }
            Self::Auth(AuthError::Closed) => (StatusCode::FORBIDDEN, "admin-closed", "Forbidden"),
            Self::Timeout => (StatusCode::SERVICE_UNAVAILABLE, "admin-timeout", "Timeout"),
        }
    }

    const fn detail(self) -> &'static str {
        match self {
            Self::Host => "This listener is not asked under this name; `[admin] hosts` adds one.",
            Self::Origin => "Pages of other origins may not ask here.",
            Self::Method => "Only GET and HEAD are allowed here.",
            Self::NotFound => "There is nothing at this address.",
            Self::Auth(AuthError::Required | AuthError::Invalid) => {
                "Send the token as `Authorization: Bearer TOKEN`."
            }
            Self::Auth(AuthError::Closed) => {
                "This needs a token, and none is configured: `[admin] metrics_token`."
            }
            Self::Timeout => "The answer took too long. Try again later.",
        }
    }

    pub(crate) const fn status(self) -> StatusCode {
        self.line().0
    }

    pub(crate) const fn code(self) -> &'static str {
        self.line().1
    }

    /// Whether an operator should hear of it: what is merely not there is no attack.
    pub(crate) const fn is_reported(self) -> bool {
        !matches!(self, Self::NotFound)
    }

    pub(crate) fn render(self) -> Response {
        let (status, code, title) = self.line();
        let document = json!({
            "type": "about:blank",
            "title": title,
            "status": status.as_u16(),
            "detail": self.detail(),
            "code": code,
        });
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() = status;
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
