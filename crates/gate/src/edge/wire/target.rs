//! The request line and the four forms of a request target (RFC 9112, section 3).

use memchr::memchr;

use super::bytes::{self, blame};
use super::host::Authority;
use super::violation::{Fault, Kind};
use crate::stages::hygiene::is_method;

/// Longest target in bytes that the URI type behind this filter can hold.
const TARGET_MAX: usize = 65_534;

/// A request line that follows the grammar.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    /// Host and default port named by the target; `None` in origin and asterisk form.
    pub(super) authority: Option<(Authority<'a>, u16)>,
    /// Whether the request is HTTP/1.1 and not HTTP/1.0.
    pub(super) is_http_11: bool,
}

impl<'a> RequestLine<'a> {
    /// Reads `line`, which comes without its CRLF.
    pub(super) fn parse(line: &'a [u8], target_limit: usize) -> Result<Self, Fault<'a>> {
        // Not the words that are wrong: of a line that is no request line only the start is shown.
        let no_line = || blame(line, Kind::RequestLine);
        let (method, rest) = split_at_space(line).ok_or_else(no_line)?;
        let (target, version) = split_at_space(rest).ok_or_else(no_line)?;
        if target.is_empty() || !is_method(method) {
            return Err(no_line());
        }
        let is_http_11 = match version {
            b"HTTP/1.1" => true,
            b"HTTP/1.0" => false,
            other if other.starts_with(b"HTTP/") && !other.contains(&b' ') => {
                return Err(blame(other, Kind::HttpVersion));
            }
            _ => return Err(no_line()),
        };
        if target.len() > target_limit.min(TARGET_MAX) {
            return Err(Fault::new(Kind::TargetTooLong, target));
        }
        Ok(Self { method, target, authority: parse_target(method, target)?, is_http_11 })
    }
}

fn split_at_space(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr(b' ', line)?;
    Some((line.get(..at)?, line.get(at.checked_add(1)?..)?))
}

/// The authority the target names, if its form has one.
fn parse_target<'a>(
    method: &[u8],
    target: &'a [u8],
) -> Result<Option<(Authority<'a>, u16)>, Fault<'a>> {
    if method == b"CONNECT" {
        return parse_authority_form(target).map(Some);
    }
    if target.first() == Some(&b'/') {
        return check_path(target).map(|()| None);
    }
    if target == b"*" && method == b"OPTIONS" {
        return Ok(None);
    }
    let Some((rest, default_port)) = strip_scheme(target) else {
        let is_clean = bytes::all(target, bytes::PATH | bytes::QUERY);
        let kind = if is_clean { Kind::TargetForm } else { Kind::TargetByte };
        return Err(blame(target, kind));
    };
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let (authority, path) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
    check_path(path)?;
    let authority = Authority::parse(authority).ok_or_else(|| blame(target, Kind::TargetForm))?;
    Ok(Some((authority, default_port)))
}

/// `host:port`, the port not optional; it has no default.
fn parse_authority_form(target: &[u8]) -> Result<(Authority<'_>, u16), Fault<'_>> {
    Authority::parse(target)
        .filter(Authority::has_port)
        .map(|authority| (authority, 0))
        .ok_or_else(|| blame(target, Kind::TargetForm))
}

/// What follows `http://` or `https://`, and the default port of that scheme.
fn strip_scheme(target: &[u8]) -> Option<(&[u8], u16)> {
    [(&b"http://"[..], 80), (&b"https://"[..], 443)].into_iter().find_map(|(scheme, port)| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some((rest, port))
    })
}

fn check_path(path: &[u8]) -> Result<(), Fault<'_>> {
    let end = memchr(b'?', path).unwrap_or(path.len());
    let (path, query) = path.split_at_checked(end).unwrap_or((path, &[]));
    if !bytes::all(path, bytes::PATH) {
        return Err(blame_byte(path, bytes::PATH));
    }
    if !bytes::all(query, bytes::QUERY) {
        return Err(blame_byte(query, bytes::QUERY));
    }
    match std::str::from_utf8(query) {
        Ok(_) => Ok(()),
        Err(error) => {
            let from = query.get(error.valid_up_to()..).unwrap_or_default();
            Err(Fault::at_byte(Kind::TargetByte, from))
        }
    }
}

/// The fault of the first byte that is not of `class`.
fn blame_byte(bytes: &[u8], class: u8) -> Fault<'_> {
    match blame(bytes, Kind::TargetByte) {
        fault if fault.kind != Kind::TargetByte => fault,
        _ => {
            let at = bytes.iter().position(|&byte| !bytes::all(&[byte], class));
            let from = at.and_then(|at| bytes.get(at..)).unwrap_or_default();
            Fault::at_byte(Kind::TargetByte, from)
        }
    }
}
