//! Addresses that only the server can reach, and foreign scripts to include.

mod host;
mod include;

use crate::detect::bytes::{
    at, before, contains_any, find, is_any, is_word, part, starts_with, starts_with_any, tail,
    trimmed,
};
use crate::detect::finding::Class;
use crate::detect::input::{Hint, Place};
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// Addresses read of one value.
const ANCHORS: usize = 64;

/// Schemes that reach other protocols than the web's.
const FOREIGN: &[&str] = &[
    "gopher:",
    "dict:",
    "ldap:",
    "ldaps:",
    "ldapi:",
    "tftp:",
    "sftp:",
    "jar:",
    "netdoc:",
    "imap:",
    "pop3:",
    "smtp:",
    "smb:",
    "telnet:",
    "rmi:",
    "ssh2:",
    "redis:",
    "memcached:",
    "unix:",
    "local:",
    "ogg:",
    "rar:",
    "nfs:",
    "finger:",
];

/// Parameters that say where a browser is, was, or is to go.
const FOLLOWED: &[&str] = &[
    "redirect_uri",
    "return_to",
    "returnurl",
    "return_url",
    "next",
    "continue",
    "dl",
    "dr",
    "ref",
    "referrer",
    "origin",
    "post_logout_redirect_uri",
];

/// Whether the words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::ADDRESS)
        && !matches!(
            view.place,
            Place::Header("referer" | "origin" | "host" | ":authority" | "user-agent" | "cookie")
        )
}

/// Looks at each address of the value.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.budget.spend(view.bytes.len(), "ssrf") {
        return;
    }
    let value = trimmed(view.bytes);
    let lead = view.bytes.len() - view.bytes.trim_ascii_start().len();
    if view.is_document() {
        return;
    }
    let value = value.strip_prefix(b"url:").unwrap_or(value);
    if let Some(scheme) = FOREIGN.iter().find(|scheme| starts_with_any(value, &[scheme])) {
        let rest = tail(value, scheme.len());
        if rest.starts_with(b"//") || rest.starts_with(b"http") || rest.starts_with(b"/") {
            let mild = starts_with_any(
                value,
                &["sftp:", "imap:", "smtp:", "redis:", "ldaps:", "telnet:", "smb:", "nfs:"],
            );
            note(
                view,
                if mild { 55 } else { 84 },
                lead,
                lead + value.len(),
                "an address of another protocol",
                work,
            );
        }
    }
    for place in memchr::memmem::find_iter(value, b":").take(ANCHORS) {
        if let Some(start) = scheme_start(value, place) {
            web(view, value, start, place + 1, lead, work);
        }
    }
    if starts_with(value, b"unix:") && contains_any(value, &["|http://", "|https://", "|fcgi:"]) {
        note(view, 84, lead, lead + value.len(), "an address of another protocol", work);
    }
    bare(view, value, lead, work);
    hidden_metadata(view, value, lead, work);
}

/// The metadata service anywhere in a value that is one word: `http::80//169.254.169.254/`.
fn hidden_metadata(view: &View<'_>, value: &[u8], lead: usize, work: &mut Work<'_>) {
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

fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = match view.hint {
        Hint::Link => 50,
        Hint::Code => 40,
        // A browser follows these, from where it stands: a developer's own machine is no secret.
        _ if confidence < 80 && is_any(view.name, FOLLOWED) => 55,
        _ => 99,
    };
    work.note(
        Class::Ssrf,
        confidence.min(allowed),
        start..end.clamp(start, view.bytes.len()),
        reason,
    );
}

/// Where `http`, `https` or `ftp` begins before the colon at `place`.
fn scheme_start(value: &[u8], place: usize) -> Option<usize> {
    ["https", "http", "ftp", "ftps", "xri", "ws", "wss"].iter().find_map(|scheme| {
        let start = place.checked_sub(scheme.len())?;
        let free = !is_word(before(value, start));
        (free && part(value, start, place).eq_ignore_ascii_case(scheme.as_bytes())).then_some(start)
    })
}

/// Judges the web address whose authority begins behind the colon.
fn web(
    view: &View<'_>,
    value: &[u8],
    start: usize,
    colon: usize,
    lead: usize,
    work: &mut Work<'_>,
) {
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
        host::reach(host).unwrap_or((0, "an address only the server can reach"));
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
        let hides = host::reach(user).is_some_and(|(confidence, _)| confidence >= 60)
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
        include::inspect(view, value, host, colon + slashes + end, lead, work);
    }
    let rest = part(value, colon + slashes + end, value.len());
    if whole && contains_any(rest, &["#@", "\\@", "?@"]) {
        note(view, 66, span.start, span.end, "an address with a user that looks like a host", work);
    }
    let odd = tail(value, colon + slashes);
    if whole && (slashes == 0 || slashes > 3) && confidence == 0 && starts_with_any(odd, &["\\"]) {
        note(view, 50, span.start, span.end, "an address spelt to be misread", work);
    }
}

fn is_escaped_letter(rest: &[u8]) -> bool {
    rest.starts_with(b"\\\\") || at(rest, 0) == b'\\'
}

/// A value that is an inner host alone, in a parameter that wants one.
fn bare(view: &View<'_>, value: &[u8], lead: usize, work: &mut Work<'_>) {
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
    let Some((confidence, reason)) = host::reach(part(rest, 0, end)) else { return };
    let metadata = confidence >= 90;
    let wanted = is_any(
        view.name,
        &[
            "url",
            "uri",
            "host",
            "target",
            "dest",
            "destination",
            "redirect",
            "callback",
            "webhook",
            "proxy",
            "feed",
            "server",
            "ssrf",
            "src",
            "link",
            "site",
            "domain",
            "fetch",
            "page",
        ],
    );
    let confidence = match () {
        () if metadata && path => 84,
        () if metadata => 55,
        () if path && wanted && starts_with_any(rest, &["localhost", "127."]) => 64,
        () if path && confidence == 66 => 62,
        () if (70..90).contains(&confidence) && start >= 2 => 64,
        () if (70..90).contains(&confidence) && end < rest.len() && rest.contains(&b':') => 62,
        () if wanted && confidence <= 66 && !rest.first().is_some_and(u8::is_ascii_digit) => 60,
        () => 30,
    };
    note(view, confidence, lead, lead + value.len(), reason, work);
}
