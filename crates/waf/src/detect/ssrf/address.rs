//! Addresses within a value: whole ones, bare hosts, and hidden ones.

use super::host::reach;
use super::note;
use crate::detect::bytes::{at, before, contains_any, find, is_word, part, starts_with_any, tail};
use crate::detect::view::{View, Work};

/// Where `http`, `https` or `ftp` begins before the colon at `place`.
pub(super) fn scheme_start(value: &[u8], place: usize) -> Option<usize> {
    ["https", "http", "ftp", "ftps", "xri", "ws", "wss"].iter().find_map(|scheme| {
        let start = place.checked_sub(scheme.len())?;
        let free = !is_word(before(value, start));
        (free && part(value, start, place).eq_ignore_ascii_case(scheme.as_bytes())).then_some(start)
    })
}

/// Judges the web address whose authority begins behind the colon; gives the end of that.
pub(super) fn web(
    view: &View<'_>,
    value: &[u8],
    start: usize,
    colon: usize,
    lead: usize,
    work: &mut Work<'_>,
) -> usize {
    let slashes =
        tail(value, colon).iter().take(6).take_while(|b| matches!(b, b'/' | b'\\')).count();
    let rest = tail(value, colon + slashes);
    let end = rest
        .iter()
        .position(|b| {
            matches!(
                b,
                b'/' | b'?'
                    | b'#'
                    | b' '
                    | b'"'
                    | b'\''
                    | b'<'
                    | b'>'
                    | b'\\'
                    | b','
                    | b'\r'
                    | b'\n'
            ) && !is_escaped_letter(rest)
        })
        .unwrap_or(rest.len());
    let authority = part(rest, 0, end);
    let whole = start == 0;
    let (user, host) = match memchr::memrchr(b'@', authority) {
        Some(at_sign) => (part(authority, 0, at_sign), tail(authority, at_sign + 1)),
        None => (b"".as_slice(), authority),
    };
    let (mut confidence, reason) =
        reach(host).unwrap_or((0, "an address only the server can reach"));
    if !whole {
        confidence = confidence.saturating_sub(if value.len() < 200 && !value.contains(&b' ') {
            10
        } else {
            40
        });
    }
    let span = lead + start..lead + colon + slashes + end;
    note(view, confidence, span.start, span.end, reason, work);
    if whole && !user.is_empty() {
        let hides = reach(user).is_some_and(|(confidence, _)| confidence >= 60)
            || user.contains(&b'.')
            || user.contains(&b'#')
            || user.contains(&b'\\')
            || user.contains(&b'@');
        note(
            view,
            if hides { 66 } else { 40 },
            span.start,
            span.end,
            "an address with a user that looks like a host",
            work,
        );
    }
    if whole {
        super::include::inspect(view, value, host, colon + slashes + end, lead, work);
    }
    let rest = part(value, colon + slashes + end, value.len());
    if whole && contains_any(rest, &["#@", "\\@", "?@"]) {
        note(view, 66, span.start, span.end, "an address with a user that looks like a host", work);
    }
    let odd = tail(value, colon + slashes);
    if whole && (slashes == 0 || slashes > 3) && confidence == 0 && starts_with_any(odd, &["\\"]) {
        note(view, 50, span.start, span.end, "an address spelt to be misread", work);
    }
    colon + slashes + end
}

fn is_escaped_letter(rest: &[u8]) -> bool {
    rest.starts_with(b"\\\\") || at(rest, 0) == b'\\'
}

/// A value that is an inner host alone, in a parameter that wants one.
pub(super) fn bare(view: &View<'_>, value: &[u8], lead: usize, work: &mut Work<'_>) {
    if value.contains(&b' ')
        || value.len() > 120
        || find(value, b"://").is_some()
        || view.is_header()
    {
        return;
    }
    let start = value.iter().take_while(|b| matches!(b, b'/' | b'\\')).count();
    let rest = tail(value, start);
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let path = end < rest.len() || start >= 2;
    let Some((confidence, reason)) = reach(part(rest, 0, end)) else { return };
    let metadata = confidence >= 90;
    let wanted = wants_address(view.name);
    let confidence = match () {
        () if metadata && path => 84,
        () if metadata => 55,
        () if path && wanted && starts_with_any(rest, &["localhost", "127."]) => 64,
        () if path && confidence == 66 => 62,
        () if (70..90).contains(&confidence) && at(rest, 0) == b'[' => 62,
        // A name with a port says where something runs; that something is to go there, the field says.
        () if has_port(part(rest, 0, end)) && confidence == 66 => {
            if wanted {
                62
            } else {
                50
            }
        }
        () if has_port(part(rest, 0, end)) && confidence >= 70 => 60,
        () if (70..90).contains(&confidence) && start >= 2 => 64,
        () if (70..90).contains(&confidence) && end < rest.len() && rest.contains(&b':') => 62,
        () if wanted && confidence <= 66 && !rest.first().is_some_and(u8::is_ascii_digit) => 60,
        () => 30,
    };
    note(view, confidence, lead, lead + value.len(), reason, work);
}

/// Words of names of fields whose value is where something is fetched from, or sent to.
const WANTS_ADDRESS: &[&str] = &[
    "addr",
    "address",
    "api",
    "backend",
    "callback",
    "dest",
    "destination",
    "domain",
    "endpoint",
    "feed",
    "fetch",
    "host",
    "hostname",
    "hook",
    "href",
    "link",
    "origin",
    "page",
    "peer",
    "proxy",
    "redirect",
    "remote",
    "server",
    "site",
    "source",
    "src",
    "ssrf",
    "target",
    "upstream",
    "uri",
    "url",
    "webhook",
];

/// Whether a field of this name wants an address: `url`, `imageUrl`, `webhook_url`, `job[host]`.
fn wants_address(name: &[u8]) -> bool {
    let name = name.strip_suffix(b"]").unwrap_or(name);
    let ends_in = |word: &&str| {
        let Some(start) = name.len().checked_sub(word.len()) else { return false };
        // `curl` ends in `url`, and wants none: a word begins at a sign or a capital letter.
        let is_word =
            !before(name, start).is_ascii_alphabetic() || at(name, start).is_ascii_uppercase();
        is_word && tail(name, start).eq_ignore_ascii_case(word.as_bytes())
    };
    WANTS_ADDRESS.iter().any(ends_in)
}

/// `localhost:8080`: a port says that something is to be connected to.
fn has_port(host: &[u8]) -> bool {
    let port = super::host::split_port(host).1;
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'+');
    port.iter().any(u8::is_ascii_digit) && port.len() <= 16 && port.iter().all(plain)
}

/// The metadata service anywhere in a value that is one word: `http::80//169.254.169.254/`.
pub(super) fn hidden_metadata(view: &View<'_>, value: &[u8], lead: usize, work: &mut Work<'_>) {
    const SERVICES: &[&str] = &["169.254.169.254", "metadata.google.internal", "100.100.100.200"];
    if value.len() > 200 || value.contains(&b' ') {
        return;
    }
    let found =
        SERVICES.iter().find_map(|name| find(value, name.as_bytes()).map(|at| (at, name.len())));
    if let Some((place, length)) = found.filter(|(place, _)| before(value, *place) == b'/') {
        let span = lead + place..lead + place + length;
        note(view, 80, span.start, span.end, "the metadata of a cloud", work);
    }
}
