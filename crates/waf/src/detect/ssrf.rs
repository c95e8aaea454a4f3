//! Addresses that only the server can reach, and foreign scripts to include.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::bytes::{
    at, before, contains_any, find, is_any, is_word, part, starts_with, starts_with_any, tail,
    trimmed,
};
use super::finding::Class;
use super::input::{Hint, Place};
use super::view::{View, Work};
use super::words::signal;

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
    bare(view, value, lead, work);
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
        let hides = user.contains(&b'.')
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
        include(view, value, host, colon + slashes + end, lead, work);
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

/// What `host`, with or without a port, reaches.
fn reach(host: &[u8]) -> Option<(u8, &'static str)> {
    let unescaped: Vec<u8> =
        host.iter().copied().filter(|b| *b != b'\\').map(|b| b.to_ascii_lowercase()).collect();
    let host = unescaped.as_slice();
    let (name, _) = split_port(host);
    let name = name.strip_suffix(b".").unwrap_or(name);
    if is_any(
        name,
        &[
            "metadata",
            "metadata.google.internal",
            "instance-data",
            "metadata.packet.net",
            "metadata.azure.internal",
            "instance-data.ec2.internal",
        ],
    ) || name.ends_with(b".metadata.google.internal")
    {
        return Some((90, "the metadata of a cloud"));
    }
    if is_any(
        name,
        &[
            "localhost",
            "localhost4",
            "localhost6",
            "localhost.localdomain",
            "localhost4.localdomain4",
            "localhost6.localdomain6",
            "ip6-localhost",
            "ip6-loopback",
            "ipv6-localhost",
            "loopback",
            "kubernetes.default.svc",
        ],
    ) || [&b".localhost"[..], b".docker.internal", b".containers.internal", b".cluster.local"]
        .iter()
        .any(|suffix| name.ends_with(suffix))
    {
        return Some((66, "an address only the server can reach"));
    }
    let resolver = [
        &b".nip.io"[..],
        b".sslip.io",
        b".xip.io",
        b".localtest.me",
        b".lvh.me",
        b".vcap.me",
        b"localtest.me",
        b"lvh.me",
        b".burpcollaborator.net",
        b".oastify.com",
        b".interact.sh",
        b".oast.fun",
        b".oast.pro",
        b".oast.live",
        b".oast.site",
    ];
    if resolver.iter().any(|suffix| name.ends_with(suffix)) {
        return Some((62, "a name made to resolve to an inner address"));
    }
    if let Some(ip) = address(name) {
        return judge_ip(ip.0, ip.1);
    }
    None
}

fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    if at(host, 0) == b'[' {
        let end = memchr::memchr(b']', host).unwrap_or(host.len());
        return (part(host, 0, end + 1), tail(host, end + 1));
    }
    // A bare IPv6 address has several colons.
    if memchr::memchr_iter(b':', host).count() > 1 {
        return (host, &[]);
    }
    match memchr::memchr(b':', host) {
        Some(colon) => (part(host, 0, colon), tail(host, colon + 1)),
        None => (host, &[]),
    }
}

/// The address `name` stands for in any notation, and whether the notation hides it.
fn address(name: &[u8]) -> Option<(IpAddr, bool)> {
    let text = std::str::from_utf8(name).ok()?;
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        let inner = inner.split('%').next()?;
        return inner.parse::<Ipv6Addr>().ok().map(|ip| (IpAddr::V6(ip), false));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some((ip, false));
    }
    loose_v4(text).map(|ip| (IpAddr::V4(ip), true))
}

/// The notations of `inet_aton`: fewer parts, octal, hexadecimal.
fn loose_v4(text: &str) -> Option<Ipv4Addr> {
    let parts = text.split('.').map(number).collect::<Option<Vec<u64>>>()?;
    let (last, heads) = parts.split_last()?;
    if heads.len() > 3 || heads.iter().any(|part| *part > 0xffff_ffff) {
        return None;
    }
    let mut value = 0_u64;
    for head in heads {
        value = value << 8 | (head & 0xff);
    }
    let bits = 8 * (4 - u32::try_from(heads.len()).ok()?);
    let value = value << bits | (last & ((1_u64 << bits) - 1));
    u32::try_from(value & 0xffff_ffff).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

fn judge_ip(ip: IpAddr, hidden: bool) -> Option<(u8, &'static str)> {
    let inner = "an address only the server can reach";
    let v4 = match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().or_else(|| embedded(ip)),
    };
    let mapped = matches!(ip, IpAddr::V6(_)) && v4.is_some();
    let odd = hidden || mapped;
    if let Some(v4) = v4 {
        let [a, b, c, d] = v4.octets();
        return match () {
            () if (a, b) == (169, 254) => Some((92, "the metadata of a cloud")),
            () if [a, b, c, d] == [100, 100, 100, 200] || [a, b, c, d] == [192, 0, 0, 192] => {
                Some((90, "the metadata of a cloud"))
            }
            () if odd && (v4.is_loopback() || v4.is_private() || v4.is_unspecified()) => {
                Some((84, inner))
            }
            () if v4.is_loopback() || v4.is_unspecified() => Some((70, inner)),
            () if v4.is_private() => Some((55, inner)),
            () if odd => Some((62, "an address spelt to be misread")),
            () => None,
        };
    }
    let IpAddr::V6(v6) = ip else { return None };
    let first = v6.segments().first().copied().unwrap_or(0);
    match () {
        () if v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => {
            Some((92, "the metadata of a cloud"))
        }
        () if v6.is_loopback() || v6.is_unspecified() => Some((74, inner)),
        () if first & 0xffc0 == 0xfe80 || first & 0xfe00 == 0xfc00 => Some((66, inner)),
        () => None,
    }
}

/// `::169.254.169.254`, and the prefixes of translators.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let compatible =
        segments.iter().take(6).all(|s| *s == 0) && segments.get(6).is_some_and(|s| *s != 0);
    let shifted = segments.iter().take(4).all(|s| *s == 0) && segments.get(4) == Some(&0xffff);
    let translated = segments.first() == Some(&0x64) && segments.get(1) == Some(&0xff9b);
    let tail = |at: usize| segments.get(at).copied().unwrap_or(0).to_be_bytes();
    let ([a, b], [c, d]) = (tail(6), tail(7));
    (compatible || shifted || translated).then(|| Ipv4Addr::new(a, b, c, d))
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
    let Some((confidence, reason)) = reach(part(rest, 0, end)) else { return };
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
        () => 30,
    };
    note(view, confidence, lead, lead + value.len(), reason, work);
}

/// Parameters that name what is included.
const INCLUDES: &[&str] = &[
    "file",
    "include",
    "inc",
    "page",
    "path",
    "template",
    "tpl",
    "document",
    "folder",
    "root",
    "pg",
    "style",
    "pdf",
    "layout",
    "conf",
    "dir",
    "module",
    "mod",
    "load",
    "theme",
    "lang",
    "language",
    "absolute_path",
    "mosconfig_absolute_path",
    "basepath",
    "base_path",
    "include_path",
    "view",
    "cat",
    "action",
    "board",
    "main",
];

/// A foreign script to include: an address whose path is a script, on a bare address or with a
/// dangling `?`.
fn include(
    view: &View<'_>,
    value: &[u8],
    host: &[u8],
    path_start: usize,
    lead: usize,
    work: &mut Work<'_>,
) {
    if !matches!(
        view.place,
        Place::QueryValue | Place::BodyField | Place::Cookie | Place::JsonString | Place::XmlText
    ) {
        return;
    }
    let path = tail(value, path_start);
    let cut = path.iter().position(|b| *b == b'?').unwrap_or(path.len());
    let dangling = cut + 1 >= path.len() && path.contains(&b'?')
        || path.ends_with(b"?")
        || path.ends_with(b"\0");
    let file = part(path, 0, cut);
    let script = contains_any(
        tail(file, file.len().saturating_sub(6)),
        &[".php", ".txt", ".phtml", ".asp", ".jsp", ".inc", ".sh", ".py", ".pl"],
    );
    let numeric = address(split_port(host).0).is_some()
        || split_port(host).0.iter().filter(|b| **b == b':').count() > 2;
    let including = is_any(view.name, INCLUDES)
        || contains_any(view.name, &["_path", "path]", "basedir", "[path", "_dir", "root_path"]);
    let confidence = match () {
        () if script && dangling => 76,
        () if script && numeric => 72,
        () if dangling && numeric => 70,
        () if script && including => 66,
        () if dangling => 62,
        () if including
            && starts_with(view.name, b"mosconfig")
                | contains_any(view.name, &["_path", "path]"]) =>
        {
            64
        }
        () if numeric && starts_with(value, b"ftp") => 62,
        () if numeric => 45,
        () => return,
    };
    note(view, confidence, lead, lead + value.len(), "a foreign script to include", work);
}
