//! What the head of a request must keep to, whatever version of HTTP it came by. Under HTTP/1.1
//! `edge/wire` has seen to most of it, under HTTP/2 nobody has.

use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{HeaderName, Method, Version};
use mantlet_event::reasons;

use crate::pipeline::Denial;

/// Largest head that is let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Largest head, in bytes: target, names and values, without what frames them.
    pub size: usize,
    /// Longest request target, in bytes.
    pub target: usize,
    /// Most header fields. All `Cookie` fields count as one: HTTP/2 clients send each cookie in a
    /// field of its own.
    pub header_count: usize,
}

/// Fields that are no lists and on which somebody decides something.
const SINGLE: [HeaderName; 14] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::CONTENT_RANGE,
    header::AUTHORIZATION,
    header::EXPECT,
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::ORIGIN,
    header::RANGE,
    header::REFERER,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::USER_AGENT,
];

/// Whether `method` is one, in capitals: `delete` must not pass for something else than `DELETE`.
pub(crate) fn is_method(method: &[u8]) -> bool {
    method.first().is_some_and(u8::is_ascii_uppercase)
        && method.iter().all(|&byte| byte.is_ascii_uppercase() || byte == b'-')
}

/// Refuses a head that is too large or says one thing twice.
pub(super) fn check(parts: &Parts, limits: HeadLimits) -> Result<(), Denial> {
    check_method(&parts.method)?;
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.target {
        let evidence = format!("a target of {target} bytes");
        return Err(Denial::new(&reasons::URI_TOO_LONG).evidence(evidence));
    }
    let headers = &parts.headers;
    let sizes = headers.iter().map(|(name, value)| name.as_str().len() + value.len());
    let size = sizes.fold(target, usize::saturating_add);
    if size > limits.size {
        let evidence = format!("a head of {size} bytes");
        return Err(Denial::new(&reasons::HEAD_TOO_LARGE).evidence(evidence));
    }
    let cookies = || count(headers, &header::COOKIE).saturating_sub(1);
    let repeated = headers.len().saturating_sub(headers.keys_len());
    let fields = headers.len().saturating_sub(if repeated > 0 { cookies() } else { 0 });
    if fields > limits.header_count {
        let evidence = format!("{fields} header fields");
        return Err(Denial::new(&reasons::HEAD_TOO_LARGE).evidence(evidence));
    }
    check_edges(parts)?;
    check_repeated(headers)
}

/// Refuses values with white space around them (RFC 9113 section 8.2.1): what stands there is not
/// what the next reader finds, for HTTP/1.1 has none. There it is no part of the value.
fn check_edges(parts: &Parts) -> Result<(), Denial> {
    if parts.version != Version::HTTP_2 {
        return Ok(());
    }
    let is_padded = |value: &[u8]| value.trim_ascii().len() < value.len();
    match parts.headers.iter().find(|(_, value)| is_padded(value.as_bytes())) {
        Some((name, _)) => {
            let evidence = format!("white space around the value of {name}");
            Err(Denial::new(&reasons::MALFORMED_REQUEST).evidence(evidence))
        }
        None => Ok(()),
    }
}

/// Refuses what may be said once and is said twice: of two values, one reader takes the first,
/// another the last.
fn check_repeated(headers: &HeaderMap) -> Result<(), Denial> {
    if headers.len() == headers.keys_len() {
        return Ok(());
    }
    match SINGLE.iter().find(|name| count(headers, name) > 1) {
        Some(name) => {
            let is_length = *name == header::CONTENT_LENGTH;
            let reason =
                if is_length { &reasons::AMBIGUOUS_FRAMING } else { &reasons::MALFORMED_REQUEST };
            Err(Denial::new(reason).evidence(format!("more than one {name}")))
        }
        None => Ok(()),
    }
}

fn check_method(method: &Method) -> Result<(), Denial> {
    if matches!(*method, Method::CONNECT | Method::TRACE) {
        let evidence = format!("method {method}");
        return Err(Denial::new(&reasons::METHOD_NOT_SUPPORTED).evidence(evidence));
    }
    if !is_method(method.as_str().as_bytes()) {
        let evidence = "a method that is not in capitals";
        return Err(Denial::new(&reasons::MALFORMED_REQUEST).evidence(evidence));
    }
    Ok(())
}

fn count(headers: &HeaderMap, name: &HeaderName) -> usize {
    headers.get_all(name).iter().count()
}
