//! The header section: its grammar, and the few headers on which framing and routing hang.

use memchr::memchr;

use super::bytes::{self, blame, members};
use super::framing::Body;
use super::host::Authority;
use super::target::RequestLine;
use super::violation::{Fault, Kind};

/// Longest header name, in bytes.
const NAME_LIMIT: usize = 1024;

/// Most digits of a `Content-Length`: nineteen always fit 64 bits.
const LENGTH_DIGITS: usize = 19;

/// Headers that `Connection` must not name: a hop that removed them would change where the
/// message ends, whom it is for or who sent it.
const END_TO_END: [&[u8]; 15] = [
    b"authorization",
    b"cache-control",
    b"cookie",
    b"expect",
    b"forwarded",
    b"from",
    b"host",
    b"origin",
    b"range",
    b"referer",
    b"set-cookie",
    b"transfer-encoding",
    b"user-agent",
    b"via",
    b"x-real-ip",
];

/// Beginnings of further such headers.
const END_TO_END_PREFIXES: [&[u8]; 9] = [
    b"content-",
    b"mantlet-",
    b"sec-",
    b"x-api-",
    b"x-auth-",
    b"x-csrf-",
    b"x-forwarded-",
    b"x-mantlet-",
    b"x-xsrf-",
];

/// What follows from a head for the connection it came on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) body: Option<Body>,
    pub(super) leaves_http: bool,
    pub(super) expects_continue: bool,
    pub(super) is_kept: bool,
}

/// What the header lines said, as far as it matters here.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    is_chunked: bool,
    names_protocol: bool,
    asks_upgrade: bool,
    expects_continue: bool,
    asks_close: bool,
    asks_keep: bool,
    count: usize,
    count_limit: usize,
    has_plain_values: bool,
}

impl<'a> Fields<'a> {
    /// Before any header line. `has_plain_values` says that no value holds a control byte.
    pub(super) fn new(count_limit: usize, has_plain_values: bool) -> Self {
        Self { count_limit, has_plain_values, ..Self::default() }
    }

    /// Takes in one header line, which comes without its CRLF; its name, and its value without the
    /// white space around it.
    pub(super) fn read(&mut self, line: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Fault<'a>> {
        let (name, value) = split_line(line, self.has_plain_values)?;
        let value = value.trim_ascii();
        self.count = self.count.saturating_add(1);
        if self.count > self.count_limit {
            return Err(Fault::named(Kind::TooManyHeaders, name));
        }
        match name.len() {
            // The lengths of the names below; all others need no second look.
            4 | 6 | 7 | 10 | 14 | 16 | 17 => self.note(name, value)?,
            0..=NAME_LIMIT => {}
            _ => return Err(Fault::named(Kind::HeadTooLarge, name)),
        }
        Ok((name, value))
    }

    fn note(&mut self, name: &'a [u8], value: &'a [u8]) -> Result<(), Fault<'a>> {
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("host") {
            if self.host.replace(value).is_some() {
                return Err(Fault::new(Kind::HostDuplicate, value));
            }
        } else if is("content-length") {
            let length = parse_length(value)?;
            if self.length.replace(length).is_some() {
                return Err(Fault::new(Kind::ContentLengthDuplicate, value));
            }
        } else if is("transfer-encoding") {
            self.note_transfer_encoding(value)?;
        } else if is("connection") {
            self.note_connection(value)?;
        } else if is("proxy-connection") {
            // It takes names away as `Connection` does, and says nothing of this connection.
            if let Some(option) = members(value).find(|option| is_end_to_end(option)) {
                return Err(Fault::named(Kind::ConnectionOption, option));
            }
        } else if is("upgrade") {
            // HTTP/2 is never changed to: who offers it is answered in HTTP/1.1.
            self.names_protocol |= !members(value).all(is_h2c);
        } else if is("expect") {
            if !value.eq_ignore_ascii_case(b"100-continue") {
                return Err(Fault::new(Kind::Expect, value));
            }
            self.expects_continue = true;
        }
        Ok(())
    }

    fn note_transfer_encoding(&mut self, value: &'a [u8]) -> Result<(), Fault<'a>> {
        if self.is_chunked {
            return Err(Fault::new(Kind::TransferEncodingDuplicate, value));
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Fault::new(Kind::TransferEncoding, value));
        }
        self.is_chunked = true;
        Ok(())
    }

    fn note_connection(&mut self, value: &'a [u8]) -> Result<(), Fault<'a>> {
        for option in members(value) {
            if option.eq_ignore_ascii_case(b"keep-alive") {
                self.asks_keep = true;
            } else if option.eq_ignore_ascii_case(b"close") {
                self.asks_close = true;
            } else if option.eq_ignore_ascii_case(b"upgrade") {
                self.asks_upgrade = true;
            } else if is_end_to_end(option) {
                return Err(Fault::named(Kind::ConnectionOption, option));
            }
        }
        Ok(())
    }

    /// Judges the headers together, after the last line.
    pub(super) fn conclude(&self, line: &RequestLine<'a>) -> Result<Facts, Fault<'a>> {
        self.check_host(line)?;
        let body = self.body(line)?;
        let is_upgrade = line.is_http_11 && self.asks_upgrade && self.names_protocol;
        let leaves_http = is_upgrade || line.method == b"CONNECT";
        if leaves_http && body.is_some() {
            return Err(Fault::new(Kind::UpgradeBody, &[]));
        }
        Ok(Facts {
            body,
            leaves_http,
            // HTTP/1.0 knows neither (RFC 9110 section 10.1.1).
            expects_continue: self.expects_continue && line.is_http_11 && body.is_some(),
            is_kept: !self.asks_close && (line.is_http_11 || self.asks_keep),
        })
    }

    fn check_host(&self, line: &RequestLine<'a>) -> Result<(), Fault<'a>> {
        let Some(text) = self.host else {
            return match line.is_http_11 {
                true => Err(Fault::new(Kind::HostMissing, &[])),
                false => Ok(()),
            };
        };
        let host = Authority::parse(text).ok_or_else(|| Fault::new(Kind::HostSyntax, text))?;
        match &line.authority {
            Some((target, port)) if !host.is_same(target, *port) => {
                Err(Fault::named(Kind::HostMismatch, text))
            }
            _ => Ok(()),
        }
    }

    fn body(&self, line: &RequestLine<'a>) -> Result<Option<Body>, Fault<'a>> {
        match (self.is_chunked, self.length) {
            (true, _) if !line.is_http_11 => {
                Err(Fault::new(Kind::TransferEncodingVersion, b"chunked"))
            }
            (true, Some(_)) => Err(Fault::new(Kind::TransferEncodingLength, b"chunked")),
            (true, None) if matches!(line.method, b"GET" | b"HEAD") => {
                Err(Fault::named(Kind::TransferEncodingMethod, line.method))
            }
            (true, None) => Ok(Some(Body::chunked())),
            (false, Some(1..)) => Ok(self.length.map(Body::Length)),
            (false, _) => Ok(None),
        }
    }
}

fn split_line(line: &[u8], is_plain: bool) -> Result<(&[u8], &[u8]), Fault<'_>> {
    let colon = memchr(b':', line).and_then(|at| line.split_at_checked(at));
    match colon {
        Some((name, [_, value @ ..])) if !name.is_empty() && bytes::all(name, bytes::TOKEN) => {
            if !is_plain && !bytes::is_field_value(value) {
                // The name only: the value may be a secret.
                return Err(Fault::named(blame(value, Kind::ControlByte).kind, name));
            }
            Ok((name, value))
        }
        _ => Err(blame_name(line)),
    }
}

/// The fault of a line that does not start with a token and a colon.
fn blame_name(line: &[u8]) -> Fault<'_> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        // What follows belongs to a header that is not named here: not a byte of it is quoted.
        return Fault::new(Kind::ObsoleteFold, line.get(..1).unwrap_or_default());
    }
    let name = memchr(b':', line).and_then(|at| line.get(..at));
    match name.and_then(<[u8]>::last) {
        Some(b' ' | b'\t') => blame(name.unwrap_or(line), Kind::SpaceBeforeColon),
        _ => blame(name.unwrap_or(line), Kind::HeaderName),
    }
}

fn parse_length(value: &[u8]) -> Result<u64, Fault<'_>> {
    let is_plain =
        (1..=LENGTH_DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value)
        .ok()
        .filter(|_| is_plain)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Fault::new(Kind::ContentLength, value))
}

fn is_h2c(member: &[u8]) -> bool {
    let name = member.split(|&byte| byte == b'/').next();
    name.is_some_and(|name| name.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

fn is_end_to_end(option: &[u8]) -> bool {
    let starts_with = |prefix: &&[u8]| {
        let start = option.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    END_TO_END.iter().any(|name| option.eq_ignore_ascii_case(name))
        || END_TO_END_PREFIXES.iter().any(starts_with)
}
