//! Addresses that only the server can reach, and foreign scripts to include.

mod address;
mod host;
mod include;
mod misread;

use crate::detect::bytes::{contains_any, is_any, starts_with, starts_with_any, tail};
use crate::detect::finding::Class;
use crate::detect::input::{Hint, Place};
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 20;

/// Addresses read of one value, and how many bytes of one are read for one unit of work.
const ANCHORS: usize = 64;
const BYTES_A_UNIT: usize = 2;

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
    if !work.look(view, WORDS, "ssrf") {
        return;
    }
    let value = view.trimmed();
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
            let authority = tail(rest, rest.iter().take_while(|b| **b == b'/').count());
            let end = authority.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
            let host = end.map_or(authority, |end| crate::detect::bytes::part(authority, 0, end));
            let inner = host::reach(host).is_some();
            note(
                view,
                if mild && !inner { 55 } else { 84 },
                lead,
                lead + value.len(),
                "an address of another protocol",
                work,
            );
        }
    }
    for place in memchr::memmem::find_iter(value, b":").take(ANCHORS) {
        if let Some(start) = address::scheme_start(value, place) {
            let end = address::web(view, value, start, place + 1, lead, work);
            if !work.budget.spend((end - start) / BYTES_A_UNIT, "ssrf") {
                return;
            }
        }
    }
    misread::inspect(view, value, lead, work);
    if starts_with(value, b"unix:") && contains_any(value, &["|http://", "|https://", "|fcgi:"]) {
        note(view, 84, lead, lead + value.len(), "an address of another protocol", work);
    }
    address::bare(view, value, lead, work);
    address::hidden_metadata(view, value, lead, work);
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
