//! Paths: out of the folder they belong to, or to files that nobody outside should ask for.

use super::bytes::{
    at, before, contains_any, find, is_space, is_word, part, starts_with_any, tail, trimmed,
};
use super::finding::{Class, Layer};
use super::input::{Hint, Place};
use super::scan::class;
use super::sensitive::{is_of_system, is_of_windows, sensitive};
use super::view::{View, Work};
use super::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 8;

/// Places of a value that are looked at.
const ANCHORS: usize = 2_000;
/// What it costs to see where steps lead, and whether a path is a file of the system.
const CLIMB: usize = 400;
const FILE: usize = 100;

/// Whether the bytes and words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::PARENT | signal::FILE)
        || has_parent(view)
        || view.place == Place::Path && memchr::memmem::find(view.bytes, b"/.").is_some()
        || view.mask.any(class::BACKSLASH)
        || view.has(signal::ADDRESS) && !view.is_header()
        || view.mask.any(class::CONTROL)
        || view.has(signal::PHP) && view.mask.any(class::COLON)
}

/// Whether two dots stand side by side.
fn has_parent(view: &View<'_>) -> bool {
    view.mask.any(class::DOT) && memchr::memmem::find(view.bytes, b"..").is_some()
}

/// Looks for ways out and for files.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "path") {
        return;
    }
    if view.has(signal::PARENT) || has_parent(view) {
        parents(view, work);
    }
    if view.has(signal::FILE) || view.mask.any(class::BACKSLASH) || view.place == Place::Path {
        files(view, work);
    }
    wrappers(view, work);
    null_byte(view, work);
}

fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 55 } else { 99 };
    // An honest client encodes a path once; that was undone before.
    let hidden = if view.layers.iter().any(|layer| matches!(layer, Layer::Url | Layer::Unicode))
        && confidence >= 40
    {
        15
    } else {
        0
    };
    work.note(Class::PathTraversal, (confidence + hidden).min(allowed), start..end, reason);
}

/// Whether the value is one path: no spaces around words, no markup, not a sentence.
fn is_one_path(view: &View<'_>) -> bool {
    let value = trimmed(view.bytes);
    let spaces = value.iter().filter(|byte| is_space(**byte)).count();
    value.len() <= 1_024
        && (spaces == 0
            || spaces <= 2 && starts_with_any(value, &["..", "/", "\\", "c:", "file:", "."]))
}

/// The step up at `place`: dots, or what stands for them, and a separator. Gives its length.
fn step(bytes: &[u8], place: usize) -> Option<usize> {
    let rest = tail(bytes, place);
    let dots = rest.iter().take(4).take_while(|b| **b == b'.').count();
    let mut length = dots;
    if dots < 2 {
        if !matches!(part(rest, 0, 2), [b'0', b'x' | b'X'] | [b'%', b'2'] | [b'.', b'0' | b'%']) {
            return None;
        }
        let spelt = ["0x2e.", ".0x2e", "0x2e0x2e", "%2e%2e", ".%00.", "..%00"];
        length = spelt.iter().find(|text| starts_with_any(rest, &[text])).map(|text| text.len())?;
    }
    let blank = tail(rest, length).iter().take(2).take_while(|b| matches!(b, b' ' | 0)).count();
    let rest_after = tail(rest, length + blank);
    let separators = rest_after.iter().take(8).take_while(|b| matches!(b, b'/' | b'\\')).count();
    let other = ["0x2f", "0x5c", ";/", "%2f", "%5c", "%c0%af", "..;/"]
        .iter()
        .find(|text| starts_with_any(rest_after, &[text]));
    match (separators, other) {
        (0, None) => None,
        (0, Some(text)) => Some(length + blank + text.len()),
        (count, _) => Some(length + blank + count),
    }
}

fn parents(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let one_path = is_one_path(view);
    let mut place = 0;
    for _ in 0..ANCHORS {
        let Some(found) = find_step(bytes, place) else { break };
        if !work.budget.spend(CLIMB, "path") {
            return;
        }
        let (end, steps) = run_of_steps(bytes, found);
        let (confidence, reason) = climb(view, found, end, steps, one_path);
        note(view, confidence, found, end, reason, work);
        place = end;
    }
    // A last `..` needs no separator behind it.
    let value = trimmed(bytes);
    if view.place == Place::Path && (value.ends_with(b"/..") || value.ends_with(b"\\..")) {
        note(
            view,
            45,
            bytes.len().saturating_sub(3),
            bytes.len(),
            "a step out of the folder",
            work,
        );
    }
}

fn find_step(bytes: &[u8], start: usize) -> Option<usize> {
    memchr::memchr3_iter(b'.', b'0', b'%', tail(bytes, start))
        .take(4 * ANCHORS)
        .map(|found| start + found)
        .find(|&place| {
            let before = before(bytes, place);
            !is_word(before) && before != b'.' && step(bytes, place).is_some()
        })
}

fn run_of_steps(bytes: &[u8], start: usize) -> (usize, usize) {
    let (mut end, mut steps) = (start, 0);
    while let Some(length) = step(bytes, end).filter(|_| steps < 64) {
        end += length;
        steps += 1;
        // `.././../` and `..//../`: steps that go nowhere.
        while matches!(at(bytes, end), b'.') && matches!(at(bytes, end + 1), b'/' | b'\\') {
            end += 2;
        }
    }
    (end, steps)
}

fn climb(
    view: &View<'_>,
    start: usize,
    end: usize,
    steps: usize,
    one_path: bool,
) -> (u8, &'static str) {
    let bytes = view.bytes;
    let target = part(bytes, end, end + 256);
    let reason = "steps out of the folder";
    if sensitive(target).is_some() {
        return (
            if view.is_document() { 62 } else { 92 },
            "steps out of the folder to a file of the system",
        );
    }
    let stretch = part(bytes, start, end);
    let inner = is_inner_file(target);
    let odd = stretch.contains(&b'\\') && stretch.contains(&b'/')
        || stretch.contains(&b';')
        || contains_any(stretch, &["...", "//", "0x2", "%"])
        || stretch.contains(&0);
    let depth = depth_before(bytes, start);
    let confidence = match () {
        () if view.is_document() => 20,
        () if odd && one_path => 82,
        () if inner && one_path && steps > depth && view.hint != Hint::Link => 64,
        () if view.place == Place::FileName => 80,
        () if view.place == Place::Path && steps > depth => 80,
        () if steps >= 3 && one_path && depth_before(bytes, start) == 0 => 80,
        () if steps >= 2 && one_path && steps > depth => {
            if view.hint == Hint::Link {
                40
            } else {
                66
            }
        }
        () if odd => 50,
        () if one_path && view.is_header() => 50,
        // No browser writes a relative address with it.
        () if one_path && stretch == b"..\\" && start == 0 && !target.is_empty() => 62,
        () if one_path && steps > depth => 48,
        () => 20,
    };
    (confidence, reason)
}

/// `config.php`, `database.yml`: what an application keeps its secrets in.
fn is_inner_file(target: &[u8]) -> bool {
    const NAMES: &[&str] = &[
        "config",
        "configuration",
        "settings",
        "database",
        "db",
        "secrets",
        "credentials",
        "passwd",
        "password",
        "passwords",
        "connection",
        "connect",
        "web",
        "application",
        "appsettings",
    ];
    const KINDS: &[&str] = &[
        "php",
        "inc",
        "yml",
        "yaml",
        "ini",
        "json",
        "xml",
        "conf",
        "cfg",
        "properties",
        "py",
        "rb",
        "env",
        "config",
        "sql",
        "db",
        "txt",
    ];
    let name = target.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or_default();
    let Some(dot) = memchr::memrchr(b'.', name) else { return false };
    super::bytes::is_any(part(name, 0, dot), NAMES)
        && super::bytes::is_any(tail(name, dot + 1), KINDS)
}

/// How many folders the path went down before it climbs.
fn depth_before(bytes: &[u8], place: usize) -> usize {
    let head = part(bytes, place.saturating_sub(512), place);
    head.split(|b| matches!(b, b'/' | b'\\'))
        .filter(|segment| !segment.is_empty() && *segment != b"." && !segment.ends_with(b":"))
        .count()
}

fn files(view: &View<'_>, work: &mut Work<'_>) {
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
    let known = super::bytes::is_any(segment, &[".well-known", ".netlify", ".auth", ".proxy"]);
    let ends = |kind: &str| {
        rest.len() > kind.len() && rest.to_ascii_lowercase().ends_with(kind.as_bytes())
    };
    hidden && !known && rest.len() < 256 && KINDS.iter().any(|kind| ends(kind))
}

/// Copies, dumps and logs that lie about.
fn leftovers(view: &View<'_>, work: &mut Work<'_>) {
    let last = view.bytes.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let log = super::bytes::is_any(
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

/// What begins a stream of PHP.
const WRAPPERS: &[&str] = &[
    "php://",
    "phar://",
    "expect://",
    "zip://",
    "glob://",
    "compress.zlib://",
    "compress.bzip2://",
    "zlib://",
    "bzip2://",
    "rar://",
    "ogg://",
    "ssh2.",
    "data://",
    "php:/",
    "data:text/plain;base64,",
    "data:text/plain,<?",
    "phar:/",
    "zlib:",
];

/// Stream wrappers of PHP and addresses of local files.
fn wrappers(view: &View<'_>, work: &mut Work<'_>) {
    let value = trimmed(view.bytes);
    let start = view.bytes.len() - view.bytes.trim_ascii_start().len();
    let wrapper = starts_with_any(value, WRAPPERS);
    let file = starts_with_any(
        value,
        &[
            "file:/",
            "local_file:/",
            "jar:file:",
            "netdoc:/",
            "view-source:file",
            "file:c:",
            "file:\\",
            "file:etc",
        ],
    );
    if wrapper && !view.is_document() {
        let data = starts_with_any(value, &["data:"]);
        note(
            view,
            if data { 64 } else { 85 },
            start,
            start + value.len().min(80),
            "a stream wrapper",
            work,
        );
    }
    if file && !view.is_document() {
        let known = sensitive(tail(value, 7)).is_some() || sensitive(tail(value, 5)).is_some();
        note(
            view,
            if known { 88 } else { 66 },
            start,
            start + value.len().min(80),
            "an address of a local file",
            work,
        );
    }
    let inner = [
        "php://filter",
        "php://input",
        "php://output",
        "php://stdin",
        "php://memory",
        "expect://",
        "phar://",
    ]
    .iter()
    .find_map(|text| find(view.bytes, text.as_bytes()));
    if let Some(place) = inner.filter(|_| !wrapper) {
        let confidence = if view.is_document() { 30 } else { 66 };
        note(view, confidence, place, place + 12, "a stream wrapper", work);
    }
}

/// A NUL that cuts a name off before its extension.
fn null_byte(view: &View<'_>, work: &mut Work<'_>) {
    if !view.mask.any(class::CONTROL) {
        return;
    }
    let Some(place) = memchr::memchr(0, view.bytes) else { return };
    let path =
        is_one_path(view) && view.mask.any(class::DOT | class::SLASH) && view.bytes.len() < 512;
    let text = view.bytes.iter().all(|b| *b == 0 || matches!(b, 0x20..=0x7e));
    let named = view.bytes.len() < 64
        && place > 0
        && view.bytes.iter().all(|b| *b == 0 || is_word(*b) || *b == b'-');
    let confidence = match () {
        () if path && text && place > 0 => 70,
        () if named && place + 1 == view.bytes.len() => 64,
        () if view.place == Place::Path || view.place == Place::FileName => 80,
        () if text => 45,
        () => return,
    };
    work.note(Class::PathTraversal, confidence, place..place + 1, "a NUL in a text");
}
