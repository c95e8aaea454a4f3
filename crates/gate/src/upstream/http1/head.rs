//! The head of an answer: one meaning, or none.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use memchr::{memchr, memchr_iter};

use super::Limits;
use super::bound::is_binding;
use super::fault::Fault;
use super::framing::Announced;
use crate::http1::table;

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// What it says about its body.
    pub(super) announced: Announced,
    /// Whether nothing may follow on the connection.
    pub(super) is_last: bool,
}

/// What is said of bytes of another protocol.
pub(super) const NO_STATUS_LINE: Fault = Fault("the first line is no status line of HTTP/1");

/// Whether what has come can be the beginning of a head: of another protocol, an end of its head
/// would be waited for in vain.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    const VERSION: &[u8] = b"HTTP/1.";
    bytes.iter().zip(VERSION).all(|(byte, expected)| byte == expected) || bytes.starts_with(b"\r")
}

/// Reads a complete head, up to and including its empty line; every LF in it follows a CR.
pub(super) fn parse(head: &Bytes, limits: &Limits) -> Result<Head, Fault> {
    let mut feeds = memchr_iter(b'\n', head);
    let mut at = 0_usize;
    let mut next_line = || {
        let feed = feeds.next()?;
        let line = head.get(at..feed)?.strip_suffix(b"\r");
        at = feed.saturating_add(1);
        line
    };
    let first = next_line().ok_or(Fault("an empty head"))?;
    let (is_old, status) = status_line(first)?;
    let mut reading = Reading {
        headers: table::take(),
        announced: Announced::default(),
        is_last: is_old,
        count: 0,
    };
    while let Some(line) = next_line().filter(|line| !line.is_empty()) {
        reading.field(head, line, limits)?;
    }
    if is_old && reading.announced.is_chunked {
        return Err(Fault("a chunked body under HTTP/1.0"));
    }
    let Reading { headers, announced, is_last, .. } = reading;
    Ok(Head { status, headers, announced, is_last })
}

/// Whether the version is 1.0, and the status (RFC 9112 section 4).
fn status_line(line: &[u8]) -> Result<(bool, StatusCode), Fault> {
    let Some((start, rest)) = line.split_at_checked(9) else {
        return Err(Fault("the first line is no status line"));
    };
    let is_old = match start {
        b"HTTP/1.1 " => false,
        b"HTTP/1.0 " => true,
        _ => return Err(NO_STATUS_LINE),
    };
    let (digits, reason) = rest.split_at_checked(3).ok_or(Fault("the status is too short"))?;
    let status = StatusCode::from_bytes(digits).map_err(|_| Fault("the status is no number"))?;
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    match reason.split_first() {
        None => Ok((is_old, status)),
        Some((b' ', reason)) if reason.iter().all(is_text) => Ok((is_old, status)),
        Some(_) => Err(Fault("the status line goes on oddly")),
    }
}

/// Without the spaces and tabs around it; nothing else counts as white space.
fn without_padding(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

struct Reading {
    headers: HeaderMap,
    announced: Announced,
    is_last: bool,
    count: usize,
}

impl Reading {
    fn field(&mut self, head: &Bytes, line: &[u8], limits: &Limits) -> Result<(), Fault> {
        self.count = self.count.saturating_add(1);
        if self.count > limits.header_count {
            return Err(Fault("more header lines than `[upstream] header_count` allows"));
        }
        let colon = memchr(b':', line).ok_or(Fault("a header line without a colon"))?;
        let (name, value) = line.split_at_checked(colon).unwrap_or((line, b""));
        // White space before the colon and folded lines are no names.
        let name = HeaderName::from_bytes(name).map_err(|_| Fault("an invalid header name"))?;
        let value = without_padding(value.get(1..).unwrap_or_default());
        let value = HeaderValue::from_maybe_shared(head.slice_ref(value))
            .map_err(|_| Fault("an invalid header value"))?;
        if name == CONTENT_LENGTH {
            self.announced.length(value.as_bytes())?;
        } else if name == TRANSFER_ENCODING {
            self.announced.coding(value.as_bytes())?;
        } else if name == CONNECTION {
            // Most answers have it, and it says nothing to anybody else.
            if value.as_bytes().eq_ignore_ascii_case(b"keep-alive") {
                return Ok(());
            }
            let options = value.as_bytes().split(|byte| *byte == b',');
            let mut options = options.map(<[u8]>::trim_ascii);
            self.is_last |= options.any(|option| option.eq_ignore_ascii_case(b"close"));
        } else if name == WWW_AUTHENTICATE {
            self.is_last |= is_binding(value.as_bytes());
        }
        let appended = self.headers.try_append(name, value);
        appended.map(|_| ()).map_err(|_| Fault("too many headers"))
    }
}
