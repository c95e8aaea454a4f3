//! The request as the application gets it, and its answer as the client may have it.

use http::header::{self, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Response, Uri, Version};
use mantlet_event::reasons;
use mantlet_types::RequestId;

use super::{Upstream, UpstreamBody};
use crate::pipeline::{Denial, Exchange};
use crate::stages::hygiene::hop;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The header that carries the request id, on requests and on answers.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request that is ready to be sent.
#[derive(Debug)]
pub struct Outgoing;

impl Outgoing {
    /// Builds the request for `upstream` from what the guards have passed. The headers move out
    /// of the exchange.
    ///
    /// # Errors
    /// A [`Denial`] when path and query do not form a request target.
    pub fn build(
        exchange: &mut Exchange,
        upstream: &Upstream,
        body: UpstreamBody,
    ) -> Result<Request<UpstreamBody>, Box<Denial>> {
        let target = target(exchange, upstream)?;
        let mut headers = std::mem::take(&mut exchange.headers);
        add_forwarding(exchange, &mut headers);
        if exchange.is_websocket {
            headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        }
        let mut request = Request::new(body);
        *request.method_mut() = exchange.method.clone();
        *request.uri_mut() = target;
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

fn target(exchange: &Exchange, upstream: &Upstream) -> Result<Uri, Box<Denial>> {
    let (base, path) = (upstream.base(), exchange.path.as_str());
    let query = exchange.query.as_deref();
    let length = base.len() + path.len() + query.map_or(0, |query| query.len() + 1);
    let mut text = String::with_capacity(length);
    text.push_str(base);
    text.push_str(path);
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    let target = PathAndQuery::from_maybe_shared(bytes::Bytes::from(text));
    target
        .map(Uri::from)
        .map_err(|error| Box::new(Denial::new(&reasons::INVALID_PATH).evidence(error.to_string())))
}

/// Who asked and how, in our words only: what the client sent under these names is gone.
fn add_forwarding(exchange: &Exchange, headers: &mut HeaderMap) {
    let client = &exchange.client;
    headers.reserve(8);
    headers.insert(X_FORWARDED_FOR, client.address_text.clone());
    headers.insert(X_REAL_IP, client.address_text.clone());
    headers.insert(X_FORWARDED_PROTO, HeaderValue::from_static(client.scheme.as_str()));
    // The host that was decided on, whatever became of the field since.
    headers.insert(header::HOST, exchange.authority.clone());
    headers.insert(X_FORWARDED_HOST, exchange.authority.clone());
    headers.insert(X_REQUEST_ID, id_value(exchange.id));
    headers.insert(TRACEPARENT, exchange.trace.to_header());
    if exchange.version == Version::HTTP_2 {
        join_cookies(headers);
    }
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

/// Removes from an answer what belongs to the connection to the application only.
pub fn clean_answer<B>(response: &mut Response<B>) {
    let is_switch = response.status() == http::StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    hop::remove(headers);
    if is_switch {
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    *response.version_mut() = Version::HTTP_11;
}
