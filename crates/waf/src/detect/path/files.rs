//! Files that nobody outside should ask for.

use super::sensitive::{is_of_system, is_of_windows, sensitive};
use super::{ANCHORS, is_one_path, note};
use crate::detect::bytes::{
    at, before, contains_any, is_any, is_space, is_word, part, starts_with_any, tail, trimmed,
};
use crate::detect::input::{Hint, Place};
use crate::detect::view::{View, Work};

/// What it costs to see whether a path is a file of the system.
const FILE: usize = 100;

/// Looks for files of the system, and for those that are never served.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if view.place == Place::Path {
        return requested(view, work);
    }
    let one_path = is_one_path(view);
    let value_start = bytes.len() - bytes.trim_ascii_start().len();
    for place in memchr::memchr3_iter(b'/', b'\\', b'.', bytes).take(ANCHORS) {
        let separator = before(bytes, place);
        // The root of a path begins where a word does not go on.
        let rooted = !is_word(separator) && !matches!(separator, b'/' | b'.' | b'\\' | b'-')
            || is_drive(bytes, place);
        let nested = one_path && at(bytes, place) != b'.' && is_word(separator);
        if !rooted && !nested {
            continue;
        }
        if !work.budget.spend(FILE, "path") {
            return;
        }
        let Some(length) = sensitive(tail(bytes, place)) else { continue };
        let whole = place <= value_start + 2;
        let dotted = at(bytes, place) == b'.';
        let confidence =
            match () {
                () if view.is_document() => 20,
                () if one_path && whole && !dotted => 82,
                () if one_path && whole && place + length + 24 >= bytes.len() => {
                    if bytes.len() > 5 { 66 } else { 55 }
                }
                () if one_path && rooted && view.place == Place::FileName => 70,
                () if one_path && (contains_any(bytes, &["://"]) || view.hint == Hint::Link) => 40,
                () if one_path => {
                    if dotted {
                        55
                    } else {
                        64
                    }
                }
                () if command_before(bytes, place)
                    && bytes.first().is_some_and(u8::is_ascii_lowercase) =>
                {
                    66
                }
                () => 30,
            };
        note(view, confidence, place, place + length, "a file of the system", work);
    }
    let value = trimmed(bytes);
    // A name alone: `.env`, `wp-config.php`, `boot.ini`.
    if value.len() < 64 && one_path && sensitive(value).is_some() {
        let confidence = if at(value, 0) == b'.'
            || view.place == Place::FileName
            || starts_with_any(value, &["web-inf/", "meta-inf/"])
        {
            62
        } else {
            50
        };
        note(view, confidence, 0, bytes.len(), "a file that is never served", work);
    }
    let system = one_path && value.len() < 200 && (is_of_system(value) || is_of_windows(value));
    if system && view.hint != Hint::Link && !view.is_header() {
        note(view, 64, 0, bytes.len(), "a file of the system", work);
    }
    if one_path && is_share(value) && view.hint != Hint::Link {
        note(view, 62, 0, bytes.len(), "a share on another machine", work);
    }
    if one_path && starts_with_any(value, &["\\\\?\\", "\\\\.\\", "\\\\localhost\\c$", "\\\\127."])
    {
        note(view, 75, 0, bytes.len().min(16), "a path of a device", work);
    }
}

/// `\\\\10.0.0.1\\x`: Windows signs in at the machine it is sent to.
fn is_share(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(b"\\\\") else { return false };
    let host =
        rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')).count();
    part(rest, 0, host).contains(&b'.') && at(rest, host) == b'\\' && is_word(at(rest, host + 1))
}

/// `cat /etc/passwd`: a word and a path, and nothing else.
fn command_before(bytes: &[u8], place: usize) -> bool {
    let value = trimmed(bytes);
    value.len() < 80 && value.iter().filter(|b| is_space(**b)).count() <= 2 && place < 40
}

fn is_drive(bytes: &[u8], place: usize) -> bool {
    before(bytes, place) == b':'
        && place >= 2
        && !is_word(before(bytes, place - 2))
        && before(bytes, place - 1).is_ascii_alphabetic()
}

/// A request for a hidden file itself.
fn requested(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let mut start = 0;
    for segment in bytes.split(|b| matches!(b, b'/' | b'\\')).take(64) {
        let rest = tail(bytes, start);
        let root = start <= 1;
        if let Some(length) = sensitive(rest).filter(|_| !segment.is_empty()) {
            let hidden = at(segment, 0) == b'.'
                || starts_with_any(
                    segment,
                    &["web-inf", "meta-inf", "wp-config", "web.config", "id_"],
                );
            let ends = !is_word(at(rest, length)) || matches!(before(rest, length), b'/' | b'\\');
            let confidence = match () {
                () if segment.eq_ignore_ascii_case(b".well-known") => 0,
                () if hidden && ends => 72,
                () if hidden && at(segment, 0) == b'.' => 50,
                () if root && ends => 62,
                () if starts_with_any(
                    rest,
                    &[
                        "etc/passwd",
                        "etc/shadow",
                        "proc/",
                        "sys/class",
                        "boot.ini",
                        "winnt",
                        "etc/",
                        "windows",
                    ],
                ) =>
                {
                    66
                }
                () => 40,
            };
            note(view, confidence, start, start + length, "a file that is never served", work);
        }
        if is_settings_folder(segment, tail(rest, segment.len() + 1)) {
            note(view, 64, start, start + segment.len(), "a file that is never served", work);
        }
        start += segment.len() + 1;
    }
    leftovers(view, work);
}

/// `.tool/settings.json`: programs keep what they know in folders that begin with a dot.
fn is_settings_folder(segment: &[u8], rest: &[u8]) -> bool {
    const KINDS: &[&str] =
        &[".json", ".yml", ".yaml", ".toml", ".env", ".md", ".ini", ".conf", ".sh", ".db"];
    let hidden = at(segment, 0) == b'.' && at(segment, 1).is_ascii_alphabetic();
    let known = is_any(segment, &[".well-known", ".netlify", ".auth", ".proxy"]);
    let ends = |kind: &str| {
        rest.len() > kind.len() && rest.to_ascii_lowercase().ends_with(kind.as_bytes())
    };
    hidden && !known && rest.len() < 256 && KINDS.iter().any(|kind| ends(kind))
}

/// Copies, dumps and logs that lie about.
fn leftovers(view: &View<'_>, work: &mut Work<'_>) {
    let last = view.bytes.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let log = is_any(
        last,
        &["error.log", "errors.log", "debug.log", "access.log", "error_log", "laravel.log"],
    );
    let copy = [
        ".bak", ".old", ".swp", ".sql", ".backup", ".orig", ".save", "~", ".sqlite", ".mdb",
        ".rdb", ".pem", ".key", ".pfx",
    ]
    .iter()
    .any(|end| {
        last.len() > end.len()
            && last
                .get(last.len() - end.len()..)
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end.as_bytes()))
    });
    let confidence = match () {
        () if log => 60,
        () if copy => 45,
        () => return,
    };
    let start = view.bytes.len() - last.len();
    note(view, confidence, start, view.bytes.len(), "a copy or log that was left behind", work);
}
