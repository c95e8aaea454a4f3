//! A line break that begins a header, an answer, a request or a command of another protocol.

use super::bytes::{at, is_any, part, skip_space, starts_with, starts_with_any, tail};
use super::finding::{Class, Layer};
use super::input::Place;
use super::scan::class;
use super::view::{View, Work};
use super::words::signal;

/// Lines looked at in each value.
const ANCHORS: usize = 256;
/// How many words are looked for in the whole of a value, about.
const NEEDLES: usize = 4;
/// What a look at one line costs.
const LINE: usize = 100;

/// Whether the bytes and words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.mask.any(class::LINE)
        || view.mask.all(class::BACKSLASH | class::COLON) && view.bytes.starts_with(b"\\")
        || view.has(signal::MESSAGE) && view.mask.any(class::SPACE)
}

/// Headers whose injection changes an answer or a request.
const HEADERS: &[&str] = &[
    "set-cookie",
    "location",
    "content-length",
    "content-type",
    "content-encoding",
    "content-security-policy",
    "content-disposition",
    "transfer-encoding",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-xss-protection",
    "access-control-allow-origin",
    "refresh",
    "link",
    "host",
    "cookie",
    "authorization",
    "remote-addr",
    "connection",
    "last-modified",
    "cache-control",
    "x-injected",
    "x-injection",
    "http-equiv",
    "status",
    "referer",
    "user-agent",
    "etag",
    "expires",
    "set-cookie2",
    "x-original-url",
    "x-rewrite-url",
    "header",
    "header-test",
];

/// Headers whose names people write at the beginning of lines.
const WORDS: &[&str] = &[
    "location",
    "link",
    "host",
    "status",
    "refresh",
    "expires",
    "connection",
    "header",
    "authorization",
    "cookie",
    "referer",
];

/// Whether `value` is one that the header can have.
fn fits(header: &[u8], value: &[u8]) -> bool {
    let end = value.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(value.len());
    let value = part(value, 0, end);
    match () {
        () if is_any(header, &["location", "referer"]) => {
            starts_with_any(value, &["http:", "https:", "/", "\\", "javascript:", "data:"])
        }
        () if is_any(header, &["link"]) => starts_with(value, b"<"),
        () if is_any(header, &["host"]) => value.contains(&b'.') && !value.contains(&b' '),
        () if is_any(header, &["status", "refresh"]) => {
            value.first().is_some_and(u8::is_ascii_digit)
        }
        () if is_any(header, &["expires"]) => value.ends_with(b"GMT"),
        () if is_any(header, &["connection"]) => is_any(value, &["close", "keep-alive", "upgrade"]),
        () if is_any(header, &["authorization"]) => starts_with_any(value, &["basic ", "bearer "]),
        () if is_any(header, &["cookie"]) => value.contains(&b'='),
        () => false,
    }
}

/// Headers of mail.
const MAIL: &[&str] = &["bcc", "cc", "to", "from", "reply-to", "subject", "mime-version"];

/// Looks behind each line break.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, NEEDLES, "crlf") {
        return;
    }
    for place in memchr::memchr2_iter(b'\r', b'\n', view.bytes).take(ANCHORS) {
        let start = skip_space(part(view.bytes, 0, place + 10), place + 1);
        if start - place > 8 {
            continue;
        }
        if !work.budget.spend(LINE, "crlf") {
            return;
        }
        let line = part(view.bytes, start, start + 200);
        let confidence = judge(view, line).max(opening(view, place, line));
        note(view, confidence, place, start, line, work);
    }
    // A header, or the name of a parameter, has no business with line breaks.
    let strict = matches!(
        view.place,
        Place::Name | Place::Header(_) | Place::Cookie | Place::Path | Place::FileName
    );
    if strict
        && view.mask.any(class::LINE)
        && let Some(place) = memchr::memchr2(b'\r', b'\n', view.bytes)
    {
        let inside = !super::bytes::trimmed(tail(view.bytes, place)).is_empty();
        let confidence = match view.place {
            _ if !inside => 40,
            // The header ends here, and a page follows.
            Place::Cookie if memchr::memmem::find(view.bytes, b"\n<").is_some() => 72,
            Place::Path | Place::Header(_) => 72,
            Place::Name if view.bytes.len() < 200 => 62,
            _ => 50,
        };
        work.note(Class::Crlf, confidence, place..place + 1, "a line break where none belongs");
    }
    body(view, work);
    spelt(view, work);
    request_line(view, work);
}

/// A value that begins with the escapes of a line break as text, `\\r\\n`, and then a header.
fn spelt(view: &View<'_>, work: &mut Work<'_>) {
    let mut place = 0;
    while at(view.bytes, place) == b'\\' && matches!(at(view.bytes, place + 1), b'r' | b'n' | b't')
    {
        place += 2;
    }
    if place > 0 && view.is_short() {
        let place = skip_space(view.bytes, place);
        let line = part(view.bytes, place, place + 200);
        note(view, judge(view, line).max(opening(view, 0, line)), 0, place, line, work);
    }
}

/// A header right behind a line break that begins the value or ends its first word.
fn opening(view: &View<'_>, place: usize, line: &[u8]) -> u8 {
    if !view.is_short() {
        return 0;
    }
    let head = view.head(place);
    let name =
        line.iter().take(48).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let header = part(line, 0, name);
    let shaped = header.first().is_some_and(u8::is_ascii_alphabetic) && at(line, name) == b':';
    let hyphen = header.contains(&b'-') && !header.ends_with(b"-");
    let known = is_any(header, &["expect", "allow", "vary", "via", "warning", "pragma", "origin"]);
    let alone = head.len() <= 32 && !head.contains(&b' ');
    // People write such lines below others; nobody begins with an empty one.
    let opens = head.is_empty() && (hyphen || known || is_any(header, HEADERS));
    // One line, below nothing: a name, a colon, a value, and no text that goes on.
    let single = head.is_empty() && view.bytes.starts_with(b"\r\n") && !has_lines(line);
    // No browser encodes a line break twice.
    let hidden = view.layers.contains(&Layer::Url) && head.len() <= 48 && !has_lines(line);
    let named = shaped && name > 2 && at(line, name + 1) != b'/';
    match () {
        () if shaped && alone && (opens || known) => 66,
        () if named && (single || hidden) && view.is_short() => 64,
        () => 0,
    }
}

/// Whether another line follows in `line`, which is the rest of a value.
fn has_lines(line: &[u8]) -> bool {
    super::bytes::trimmed(line).iter().any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// `\r\n\r\n<html>`: the headers of an answer end, and its body begins.
fn body(view: &View<'_>, work: &mut Work<'_>) {
    let Some(place) = memchr::memmem::find(view.bytes, b"\r\n\r\n") else { return };
    let head = part(view.bytes, 0, place);
    let follows = skip_space(view.bytes, place);
    let tag = at(view.bytes, follows) == b'<' && at(view.bytes, follows + 1).is_ascii_alphabetic();
    let hidden = view.layers.contains(&Layer::Url);
    let first = head.is_empty() || hidden && head.len() <= 48;
    if view.is_short() && first && (tag || hidden && !head.contains(&b' ')) {
        let reason = "line breaks that begin the body of an answer";
        work.note(Class::Crlf, 64, place..place + 4, reason);
    }
}

fn note(
    view: &View<'_>,
    confidence: u8,
    place: usize,
    start: usize,
    line: &[u8],
    work: &mut Work<'_>,
) {
    let end = start + line.iter().take(40).take_while(|b| !matches!(b, b'\r' | b'\n')).count();
    work.note(
        Class::Crlf,
        confidence,
        place..end.min(view.bytes.len()),
        "a line break that begins a header",
    );
}

fn judge(view: &View<'_>, line: &[u8]) -> u8 {
    let name =
        line.iter().take(48).take_while(|b| b.is_ascii_alphanumeric() || **b == b'-').count();
    let header = part(line, 0, name);
    let after = skip_space(line, name);
    let colon = at(line, after) == b':' && after - name < 3;
    // A message that was pasted has many header lines; an injection follows a value.
    let pasted = view.is_document() || !view.is_short();
    match () {
        () if starts_with(line, b"http/") && at(line, 6) == b'.' => {
            if view.bytes.len() > 600 || place_in_text(view, line) { 50 } else { 90 }
        }
        () if colon
            && is_any(header, WORDS)
            && !fits(header, part(line, skip_space(line, after + 1), line.len())) =>
        {
            20
        }
        () if colon && is_any(header, HEADERS) => {
            if pasted {
                45
            } else {
                86
            }
        }
        () if colon && is_any(header, MAIL) && !pasted && contains_address(line) => 66,
        () if colon && header.contains(&b'-') && starts_with(header, b"x-") && !pasted => 70,
        () if starts_with_any(
            line,
            &[
                "mail from:",
                "rcpt to:",
                "data\r",
                "ehlo ",
                "helo ",
                "vrfy ",
                "flushall",
                "config set",
                "slaveof ",
                "set 1 ",
                "*1\r\n$",
                "*3\r\n$",
            ],
        ) =>
        {
            if pasted {
                50
            } else {
                80
            }
        }
        () if is_request_line(line) => {
            if pasted {
                45
            } else {
                84
            }
        }
        () => 0,
    }
}

/// Whether many lines stand before `line`: a message that somebody pasted.
fn place_in_text(view: &View<'_>, line: &[u8]) -> bool {
    let head = memchr::memmem::find(view.bytes, part(line, 0, 16)).unwrap_or(0);
    memchr::memchr_iter(b'\n', part(view.bytes, 0, head)).count() > 3
}

fn contains_address(line: &[u8]) -> bool {
    let end = line.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(line.len());
    part(line, 0, end).contains(&b'@')
}

/// `GET /x HTTP/1.1`.
fn is_request_line(line: &[u8]) -> bool {
    let method = line.iter().take(12).take_while(|b| b.is_ascii_uppercase()).count();
    let known = is_any(
        part(line, 0, method),
        &["get", "post", "put", "head", "delete", "options", "trace", "connect", "patch"],
    );
    let rest = part(line, method, line.len());
    known && at(rest, 0) == b' ' && memchr::memmem::find(rest, b" HTTP/").is_some()
}

/// A request within a value: `x HTTP/1.1\r\nHost:`, or a whole request line.
fn request_line(view: &View<'_>, work: &mut Work<'_>) {
    if !view.has(signal::MESSAGE) || view.is_document() {
        return;
    }
    let Some(place) = super::bytes::find(view.bytes, b" http/") else { return };
    let version = at(view.bytes, place + 6).is_ascii_digit() && at(view.bytes, place + 7) == b'.';
    let head = part(view.bytes, 0, place);
    let method = head.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let line = ["get", "post", "head", "put", "options", "trace", "delete", "connect", "patch"]
        .iter()
        .any(|m| {
            is_any(part(head, 0, method), &[m])
                || super::bytes::find(head, m.as_bytes()).is_some_and(|found| {
                    found + m.len() < head.len() && at(head, found + m.len()) == b' '
                })
        });
    if version && line && view.is_short() {
        let confidence = if view.mask.any(class::LINE) || method > 0 { 72 } else { 45 };
        work.note(
            Class::Crlf,
            confidence,
            0..(place + 9).min(view.bytes.len()),
            "a request within a value",
        );
    }
}
