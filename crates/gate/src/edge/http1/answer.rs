//! The head of an answer as bytes, and how its body is delimited (RFC 9112 section 6).

use http::header::{CONNECTION, CONTENT_LENGTH, DATE, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use mantlet_types::Timestamp;

use super::date;
use crate::http1::Length;

/// What the head of an answer depends on, besides the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct To {
    /// The version of the request.
    pub(super) version: Version,
    /// Whether the request was one for the head alone.
    pub(super) is_head: bool,
    /// Whether another request may follow.
    pub(super) is_kept: bool,
}

/// How the body of an answer goes out; `exact` is its length where it is known.
pub(super) fn length(answer: &Parts, exact: Option<u64>, to: To) -> Length {
    let said = || said_length(&answer.headers);
    match exact.or_else(said) {
        _ if to.is_head || is_bodiless(answer.status) => Length::Said,
        Some(bytes) => Length::Known(bytes),
        None if to.version == Version::HTTP_11 => Length::Unknown,
        None => Length::UntilClose,
    }
}

/// Whether no body follows, whatever was asked.
fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The length that the headers state; `None` when they state none.
fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the answer itself asks for the end of the connection.
pub(super) fn asks_close(headers: &HeaderMap) -> bool {
    headers.get(CONNECTION).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"))
}

/// Writes the head of an answer to `out`, all but what it says about the length of a body that
/// follows, and its end. `now` is asked for where the answer has no date.
pub(super) fn write_head(
    out: &mut Vec<u8>,
    answer: &Parts,
    (length, exact): (Length, Option<u64>),
    to: To,
    now: impl FnOnce() -> Timestamp,
) {
    write_status(out, answer.status, to.version);
    let is_switch = answer.status == StatusCode::SWITCHING_PROTOCOLS;
    // What would follow is said, of what does not.
    let says_length = length == Length::Said && may_say_length(answer.status);
    let mut has_date = false;
    for (name, value) in &answer.headers {
        let is_ours = (name == CONTENT_LENGTH && !says_length)
            || name == TRANSFER_ENCODING
            || (name == CONNECTION && !is_switch);
        has_date |= name == DATE;
        if !is_ours {
            push(out, name.as_str(), value);
        }
    }
    if says_length && to.is_head && !answer.headers.contains_key(CONTENT_LENGTH) {
        let bytes = exact.filter(|bytes| *bytes > 0);
        bytes.into_iter().for_each(|bytes| push(out, "content-length", &HeaderValue::from(bytes)));
    }
    if !to.is_kept && !is_switch {
        out.extend_from_slice(b"connection: close\r\n");
    } else if to.version == Version::HTTP_10 {
        out.extend_from_slice(b"connection: keep-alive\r\n");
    }
    if !has_date {
        date::push(out, now());
    }
}

/// Whether an answer without a body may state a length: that of the body to another request.
fn may_say_length(status: StatusCode) -> bool {
    !status.is_informational() && status != StatusCode::NO_CONTENT
}

fn write_status(out: &mut Vec<u8>, status: StatusCode, version: Version) {
    // A client of HTTP/1.0 is answered in its own words.
    out.extend_from_slice(match version {
        Version::HTTP_10 => b"HTTP/1.0 ",
        _ => b"HTTP/1.1 ",
    });
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn push(out: &mut Vec<u8>, name: &str, value: &HeaderValue) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value.as_bytes());
    out.extend_from_slice(b"\r\n");
}
