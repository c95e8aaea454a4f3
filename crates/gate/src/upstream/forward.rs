//! The request as the application gets it, and its answer as the client may have it.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Response, Version};
use mantlet_event::reasons;
use mantlet_types::RequestId;

use super::UpstreamBody;
use super::forwarding::Forwarding;
use super::http1::is_target;
use crate::pipeline::{Denial, Exchange};
use crate::stages::hygiene::hop;

/// The header that carries the request id, on requests and on answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that is ready to be sent.
#[derive(Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Every header but those that say how long the body is: its framing follows from the body.
    pub headers: HeaderMap,
    /// What we say of it, in place of every header of the same name; `None` when it is our own.
    pub(super) forwarding: Option<Forwarding>,
    /// The body.
    pub body: UpstreamBody,
}

impl Outgoing {
    /// Builds the request from what the guards have passed. The headers move out of the exchange.
    ///
    /// # Errors
    /// A [`Denial`] when path and query do not form a request target.
    pub fn build(exchange: &mut Exchange, body: UpstreamBody) -> Result<Self, Box<Denial>> {
        let target = target(exchange)?;
        let mut headers = std::mem::take(&mut exchange.headers);
        headers.remove(header::CONTENT_LENGTH);
        if exchange.version == Version::HTTP_2 {
            join_cookies(&mut headers);
        }
        if exchange.is_websocket {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        let forwarding = Some(Forwarding::of(exchange));
        Ok(Self { method: exchange.method.clone(), target, headers, forwarding, body })
    }

    /// A question of our own, which no client has asked.
    pub(crate) fn question(target: String, headers: HeaderMap) -> Self {
        let body = UpstreamBody::empty();
        Self { method: Method::GET, target, headers, forwarding: None, body }
    }

    /// The host that is asked, with its port.
    pub(super) fn authority(&self) -> Option<&HeaderValue> {
        let said = self.forwarding.as_ref().map(Forwarding::authority);
        said.or_else(|| self.headers.get(header::HOST))
    }
}

fn target(exchange: &Exchange) -> Result<String, Box<Denial>> {
    let (path, query) = (exchange.path.as_str(), exchange.query.as_deref());
    let length = path.len() + query.map_or(0, |query| query.len() + 1);
    let mut target = String::with_capacity(length);
    target.push_str(path);
    if let Some(query) = query {
        target.push('?');
        target.push_str(query);
    }
    if !is_target(&target) {
        return Err(Box::new(Denial::new(&reasons::INVALID_PATH).evidence("no request target")));
    }
    Ok(target)
}

/// HTTP/2 clients may split `Cookie`; HTTP/1.1 wants it whole (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut parts = headers.get_all(header::COOKIE).iter();
    if parts.next().is_none() || parts.next().is_none() {
        return;
    }
    let parts: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(whole) = HeaderValue::from_bytes(&parts.join(&b"; "[..])) {
        headers.insert(header::COOKIE, whole);
    }
}

/// A request id as a header value.
#[must_use]
pub fn id_value(id: RequestId) -> HeaderValue {
    let mut buffer = [0; RequestId::TEXT_LEN];
    HeaderValue::from_str(id.encode(&mut buffer)).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Removes from an answer what belongs to the connection to the application only, and all types of
/// its body but the one that browsers read.
pub fn clean_answer<B>(response: &mut Response<B>) {
    let is_switch = response.status() == http::StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    hop::remove(headers);
    keep_last_type(headers);
    if is_switch {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    *response.version_mut() = Version::HTTP_11;
}

/// Of several types browsers read the last (Fetch, "extract a MIME type"); so guards must, too.
fn keep_last_type(headers: &mut HeaderMap) {
    if headers.len() == headers.keys_len() {
        return;
    }
    if let Some(last) = headers.get_all(header::CONTENT_TYPE).iter().next_back().cloned() {
        headers.insert(header::CONTENT_TYPE, last);
    }
}
