//! The one rendering of refusals: RFC 9457 problem documents for programs, a small accessible page
//! for people.
//!
//! Whatever refused, the client sees a title, what to do, and the request id; never a product
//! version, a file name, an upstream address or a guard's evidence.

mod page;
mod problem;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use mantlet_types::RequestId;

use crate::pipeline::Denial;

/// Renders a refusal. `accept` is the request's headers: browsers that ask for a page get one.
/// The answer to `HEAD` carries the length but no body.
#[must_use]
pub fn render(
    denial: &Denial,
    id: RequestId,
    accept: &HeaderMap,
    method: &Method,
) -> Response<Bytes> {
    let status =
        StatusCode::from_u16(denial.shown_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (kind, body) = if prefers_page(accept) {
        ("text/html; charset=utf-8", page::render(denial, id))
    } else {
        ("application/problem+json", problem::render(denial, id))
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    headers.insert(
        http::header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'sha256-Tp+yo5cbYc3vqoZ7PFDuqrsyrYPKKpALmESaJVMMnFY='; base-uri 'none'; object-src 'none'; \
             form-action 'none'; frame-ancestors 'none'",
        ),
    );
    for (name, value) in &denial.headers {
        headers.append(name, value.clone());
    }
    if *method != Method::HEAD {
        *response.body_mut() = Bytes::from(body);
    }
    response
}

/// What the headers guard puts on every answer: none of the guards sees a raw one.
const RAW_HEADERS: &str =
    "x-content-type-options: nosniff\r\nx-frame-options: DENY\r\nreferrer-policy: no-referrer\r\n";

/// Renders a refusal as the bytes of a whole HTTP/1.1 answer, for a connection on which no request
/// will be read.
#[must_use]
pub fn render_raw(denial: &Denial, id: RequestId) -> Vec<u8> {
    let response = render(denial, id, &HeaderMap::new(), &Method::GET);
    let mut bytes = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status()).into_bytes();
    bytes.extend_from_slice(format!("x-request-id: {id}\r\n{RAW_HEADERS}").as_bytes());
    for (name, value) in response.headers() {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(response.body());
    bytes
}

/// Whether the client names `text/html` before anything JSON-like: what browsers do when they
/// navigate, and what API clients do not.
pub(crate) fn prefers_page(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(ACCEPT).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let kinds = accept.split(',').map(|item| item.split(';').next().unwrap_or_default().trim());
    for kind in kinds {
        if kind.eq_ignore_ascii_case("text/html")
            || kind.eq_ignore_ascii_case("application/xhtml+xml")
        {
            return true;
        }
        if kind.to_ascii_lowercase().ends_with("json") {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests;
