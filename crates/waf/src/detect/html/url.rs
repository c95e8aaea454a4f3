//! Addresses that run code when they are followed.

use super::{Sign, is_blank};
use crate::detect::bytes::{contains_any, find, part, starts_with, starts_with_any, tail};
use crate::detect::view::View;

/// The longest stretch that is read as a scheme, with what browsers skip inside it.
const SCHEME: usize = 64;

/// `value` without what browsers skip before and within a scheme, lower case, with the entities of
/// its first letters decoded.
fn squeezed(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(SCHEME);
    let mut place = 0;
    while out.len() < SCHEME {
        let Some(&byte) = value.get(place) else { break };
        if byte == b'&'
            && let Some((decoded, length)) = crate::detect::decode::entity(tail(value, place))
        {
            out.extend(
                u8::try_from(decoded).ok().filter(|b| *b > 0x20).map(|b| b.to_ascii_lowercase()),
            );
            place += length;
            continue;
        }
        if !(is_blank(byte) || byte == b'\\' && out.is_empty()) {
            out.push(byte.to_ascii_lowercase());
        }
        place += 1;
    }
    out
}

/// Whether the address `value` runs code or is a page of its own.
pub(super) fn is_active_scheme(value: &[u8]) -> bool {
    let value = squeezed(value);
    let active =
        starts_with_any(&value, &["javascript:", "vbscript:", "livescript:", "jscript:", "mocha:"]);
    active || is_active_data(&value)
}

fn is_active_data(value: &[u8]) -> bool {
    starts_with(value, b"data:")
        && (starts_with_any(
            tail(value, 5),
            &[
                "text/html",
                "image/svg",
                "text/xml",
                "application/xhtml",
                "application/xml",
                "text/javascript",
                "application/javascript",
                "application/x-",
                "text/x-",
                "text/vbs",
            ],
        ) || starts_with_any(tail(value, 5), &[",", ";"])
            && contains_any(value, &["<", "alert", "script", "%3c"]))
}

/// The value as an address, and addresses in places that make them one.
pub(super) fn active(view: &View<'_>) -> Option<Sign> {
    let bytes = view.bytes;
    let sign = |confidence, start, end| {
        Some(Sign { confidence, start, end, reason: "an address that runs code" })
    };
    if !view.has(crate::detect::words::signal::SCRIPT)
        && !view.mask.any(crate::detect::scan::class::COLON)
    {
        return None;
    }
    if is_active_scheme(bytes) {
        let code = find(bytes, b":").map_or(bytes, |colon| tail(bytes, colon + 1));
        let end = bytes.len().min(200);
        let hidden = scheme_is_hidden(bytes);
        let runs = hidden
            || !starts_with(squeezed(bytes).as_slice(), b"data:") && !reads_as_prose(code)
            || starts_with(squeezed(bytes).as_slice(), b"data:")
                && is_active_data(&squeezed(bytes));
        let data = starts_with(squeezed(bytes).as_slice(), b"data:");
        return sign(if runs { if data { 72 } else { 86 } } else { 40 }, 0, end);
    }
    // `url(javascript:…)`, `](javascript:…)`, `="javascript:…"`.
    for scheme in [&b"javascript:"[..], b"vbscript:", b"](data:text/html"] {
        let Some(place) = find(bytes, scheme) else { continue };
        let before = part(bytes, place.saturating_sub(2), place);
        let within = scheme.starts_with(b"]")
            || before.iter().any(|b| matches!(b, b'(' | b'=' | b'"' | b'\'' | b'<' | b'/' | b'`'));
        let code = tail(bytes, place + scheme.len());
        let runs = scheme.starts_with(b"]") || !reads_as_prose(code);
        if within && runs && !view.is_document() {
            return sign(78, place, bytes.len().min(place + 80));
        }
    }
    let style = ["url(javascript", "-moz-binding:", "expression("];
    let found = style
        .iter()
        .find_map(|text| find(bytes, text.as_bytes()).map(|place| (place, text.len())))?;
    let begins = found.0 == 0 && bytes.contains(&b'(');
    let in_style = begins || contains_any(part(bytes, 0, found.0), &["style", ":", "{"]);
    (in_style && view.is_short()).then_some(()).and_then(|()| sign(68, found.0, found.0 + found.1))
}

/// `java&tab;script:`: white space or references within the letters of a scheme.
fn scheme_is_hidden(bytes: &[u8]) -> bool {
    let value = crate::detect::bytes::trimmed(bytes);
    let letters = value.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    letters > 0
        && letters < 10
        && crate::detect::bytes::at(value, letters) != b':'
        && !starts_with_any(tail(value, letters), &[" ", ",", ":"])
}

/// Whether what follows the colon is text: "javascript: the good parts".
fn reads_as_prose(code: &[u8]) -> bool {
    !code.iter().take(256).any(|byte| matches!(byte, b'(' | b'=' | b'`' | b'%' | b'[' | b'/'))
}
