//! What a call comes to when it succeeds.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, ETAG, LOCATION};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

/// The field that says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a call comes to when it succeeds; also what is kept of it to be said again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    status: u16,
    body: Option<String>,
    tag: Option<String>,
    location: Option<String>,
}

impl Reply {
    /// An answer with this body.
    pub(super) fn new(status: u16, body: &Value) -> Self {
        Self { status, body: Some(body.to_string()), tag: None, location: None }
    }

    /// An answer with this body, and with the tag that its `version` is.
    pub(super) fn versioned(body: &Value) -> Self {
        Self::new(200, body).tagged(body.get("version").and_then(Value::as_str))
    }

    /// Done, and nothing to say.
    pub(super) const fn empty() -> Self {
        Self { status: 204, body: None, tag: None, location: None }
    }

    /// Done, as standards want it said.
    pub(super) const fn done() -> Self {
        Self { status: 200, body: None, tag: None, location: None }
    }

    /// With the tag by which it can be changed.
    pub(super) fn tagged(mut self, version: Option<&str>) -> Self {
        self.tag = version.map(|version| format!("\"{version}\""));
        self
    }

    /// With the place of what was made.
    pub(super) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// Bytes that keeping it takes.
    pub(super) fn size(&self) -> usize {
        let texts = [&self.body, &self.tag, &self.location];
        texts.into_iter().flatten().map(String::len).sum()
    }

    pub(super) fn render(self, is_replayed: bool) -> Response {
        let has_body = self.body.is_some();
        let mut response = Response::new(self.body.map_or_else(Body::empty, Body::from));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, text) in [(ETAG, self.tag), (LOCATION, self.location)] {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        if is_replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
