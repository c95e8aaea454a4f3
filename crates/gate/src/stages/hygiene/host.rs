//! The host of a request: one name, said once.

use std::net::Ipv6Addr;

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::uri::Authority;
use mantlet_event::reasons;

use crate::pipeline::Denial;

/// Longest piece of a host quoted in evidence, in bytes before escaping.
const QUOTE_LIMIT: usize = 60;

/// The host of a request, from the authority of its target (HTTP/2, absolute form) or its `Host`.
/// Where both are given they must agree. Leaves exactly one canonical `Host` for the upstream.
pub(super) fn host_of(parts: &mut Parts) -> Result<String, Denial> {
    let invalid = |why: String| Denial::new(&reasons::INVALID_HOST).evidence(why);
    let mut named = parts.headers.get_all(header::HOST).iter();
    let (field, second) = (named.next(), named.next());
    if second.is_some() {
        return Err(invalid("more than one host field".into()));
    }
    if parts.uri.authority().is_none()
        && let Some(host) = field.and_then(|value| canonical_already(value.as_bytes()))
    {
        return Ok(host.to_owned());
    }
    let field = match field {
        Some(value) => Some(
            parse_authority(value.as_bytes())
                .ok_or_else(|| invalid(format!("host field {}", quote(value.as_bytes()))))?,
        ),
        None => None,
    };
    let target = match parts.uri.authority() {
        Some(authority) => {
            Some(parse_authority(authority.as_str().as_bytes()).ok_or_else(|| {
                invalid(format!("authority {}", quote(authority.as_str().as_bytes())))
            })?)
        }
        None => None,
    };
    let authority = match (target, field) {
        (Some(target), Some(field)) if !is_same(&target, &field) => {
            return Err(invalid(format!("target names `{target}`, host field `{field}`")));
        }
        (Some(target), _) => target,
        (None, Some(field)) => field,
        (None, None) => return Err(invalid("no host".into())),
    };
    let host = canonical_host(&authority);
    let value = match authority.port_u16() {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")),
        None => HeaderValue::from_str(&host),
    };
    let is_sent_so = parts
        .headers
        .get(header::HOST)
        .is_some_and(|sent| value.as_ref().is_ok_and(|value| value == sent));
    if !is_sent_so {
        let value = value.map_err(|_| invalid("host".into()))?;
        parts.headers.insert(header::HOST, value);
    }
    Ok(host)
}

/// The host of a field that is canonical as it was sent, which most are: a lower-case name, and a
/// port that has one spelling only. `None` when it takes a closer look.
fn canonical_already(field: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(field).ok()?;
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let is_port = port.is_none_or(|port| {
        !port.starts_with('0')
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
    });
    let is_canonical =
        is_port && !host.ends_with('.') && host.bytes().all(is_plain) && is_name(host);
    is_canonical.then_some(host)
}

/// An authority without user information whose host is a name or an address.
fn parse_authority(text: &[u8]) -> Option<Authority> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    if text.is_empty() || !text.iter().all(is_plain) {
        return None;
    }
    let authority = Authority::try_from(text).ok()?;
    let host = authority.host();
    let is_host = match host.strip_prefix('[') {
        Some(_) => canonical_ipv6(host).is_some(),
        None => is_name(host),
    };
    let rest = authority.as_str().get(host.len()..)?;
    let is_port = match rest.strip_prefix(':') {
        Some(port) => {
            port.parse::<u16>().is_ok_and(|port| port != 0)
                && port.bytes().all(|b| b.is_ascii_digit())
        }
        None => rest.is_empty(),
    };
    (is_host && is_port).then_some(authority)
}

fn is_name(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let mut label = 0_usize;
    let is_fine = name.bytes().all(|byte| {
        let was = label;
        label = if byte == b'.' { 0 } else { was.saturating_add(1) };
        if byte == b'.' { was > 0 } else { was < 63 }
    });
    is_fine && label > 0 && name.len() <= 253
}

fn canonical_host(authority: &Authority) -> String {
    let host = authority.host();
    canonical_ipv6(host)
        .unwrap_or_else(|| host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}

/// The one spelling (RFC 5952) of an IPv6 address in brackets; `None` when `host` is none.
pub(crate) fn canonical_ipv6(host: &str) -> Option<String> {
    let address = host.strip_prefix('[')?.strip_suffix(']')?;
    address.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]"))
}

/// What was sent, for the log; user information is left out.
fn quote(text: &[u8]) -> String {
    let at = text.iter().rposition(|&byte| byte == b'@').unwrap_or(0);
    let shown: Vec<u8> = text.iter().skip(at).take(QUOTE_LIMIT).copied().collect();
    format!("`{}`", shown.escape_ascii())
}

fn is_same(one: &Authority, other: &Authority) -> bool {
    let port = |authority: &Authority| authority.port_u16();
    let is_default = |port: Option<u16>| matches!(port, None | Some(80 | 443));
    let same_port = port(one) == port(other) || (is_default(port(one)) && is_default(port(other)));
    canonical_host(one) == canonical_host(other) && same_port
}
