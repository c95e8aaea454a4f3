//! The syntax of `Host` and of the authority in a request target.
//!
//! Narrower than RFC 3986 on purpose: a name of letters, digits, `-`, `.`, `_` and `~`, or an
//! address. User names, percent-escapes and `,` `;` `=` in a host serve only those who want two
//! readers to see two hosts.

use std::net::Ipv6Addr;

/// Longest host name (RFC 1035), in bytes.
const NAME_LIMIT: usize = 255;

/// A host and its port, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    host: &'a [u8],
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `host`, `host:port`, `[address]` or `[address]:port`; `None` when it is anything else.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let (host, port) = if text.first() == Some(&b'[') {
            let end = text.iter().position(|&byte| byte == b']')?;
            let (literal, rest) = text.split_at_checked(end.checked_add(1)?)?;
            is_ipv6_literal(literal).then_some((literal, rest))?
        } else {
            let end = text.iter().position(|&byte| byte == b':');
            let (name, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
            is_name(name).then_some((name, rest))?
        };
        Some(Self { host, port: parse_port(port)? })
    }

    /// Whether both name the same host and port, when a missing port means `default_port`.
    pub(super) fn is_same(&self, other: &Self, default_port: u16) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }

    /// Whether a port is written.
    pub(super) const fn has_port(&self) -> bool {
        self.port.is_some()
    }
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty()
        && name.len() <= NAME_LIMIT
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

fn is_ipv6_literal(literal: &[u8]) -> bool {
    let address = literal.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    address
        .and_then(|text| std::str::from_utf8(text).ok())
        .is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
}

/// `None` for a bad port, `Some(None)` for no port.
fn parse_port(rest: &[u8]) -> Option<Option<u16>> {
    if rest.is_empty() {
        return Some(None);
    }
    let digits = rest.strip_prefix(b":")?;
    if digits.is_empty() || digits.len() > 5 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let port: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (port != 0).then_some(Some(port))
}
