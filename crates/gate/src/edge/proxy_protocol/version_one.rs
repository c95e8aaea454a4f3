//! Version 1: one line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::header::{Header, Invalid, Parsed};

const START: &[u8] = b"PROXY ";
/// The shortest header, `PROXY UNKNOWN` with its line end, in bytes.
const SHORTEST: usize = 15;
/// The longest header that the protocol knows, with its line end, in bytes.
const LONGEST: usize = 107;

/// Whether `bytes` may be the beginning of such a header.
pub(super) fn may_begin(bytes: &[u8]) -> bool {
    let length = bytes.len().min(START.len());
    bytes.get(..length) == START.get(..length)
}

/// Whether `bytes` are the beginning of a line: only what comes shows how long it is.
pub(super) fn is_line(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

/// Reads a header.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Invalid> {
    let window = bytes.get(..bytes.len().min(LONGEST)).unwrap_or_default();
    let Some(feed) = memchr::memchr(b'\n', window) else {
        return if window.len() == LONGEST {
            Err(Invalid("the line is too long"))
        } else {
            Ok(Parsed::Open(SHORTEST.max(bytes.len().saturating_add(1))))
        };
    };
    let line = window.get(..feed).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.ok_or(Invalid("the line does not end with CR LF"))?;
    let text = std::str::from_utf8(line).map_err(|_| Invalid("the line is not text"))?;
    let header = parse_line(text).ok_or(Invalid("the line does not name two addresses"))?;
    Ok(Parsed::Whole(header, feed.saturating_add(1)))
}

fn parse_line(line: &str) -> Option<Header> {
    let mut words = line.split(' ').skip(1);
    let family = words.next()?;
    // What follows is to be ignored, says the protocol.
    if family == "UNKNOWN" {
        return Some(Header::Own);
    }
    let [source, destination, source_port, destination_port] =
        [words.next()?, words.next()?, words.next()?, words.next()?];
    if words.next().is_some() {
        return None;
    }
    let address = |text: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
            "TCP6" => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
            _ => None,
        }
    };
    address(destination)?;
    port(destination_port)?;
    Some(Header::Proxied(SocketAddr::new(address(source)?, port(source_port)?)))
}

/// A port in its one spelling.
fn port(text: &str) -> Option<u16> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let has_one_spelling = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| is_plain && has_one_spelling)
}
