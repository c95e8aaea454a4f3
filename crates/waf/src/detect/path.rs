//! Paths: out of the folder they belong to, or to files that nobody outside should ask for.

mod files;
mod sensitive;

use super::bytes::{
    at, before, contains_any, find, is_any, is_space, is_word, part, starts_with_any, tail, trimmed,
};
use super::finding::{Class, Layer};
use super::input::{Hint, Place};
use super::scan::class;
use super::view::{View, Work};
use super::words::signal;
use sensitive::sensitive;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 8;

/// Places of a value that are looked at.
const ANCHORS: usize = 2_000;
/// What it costs to see where steps lead.
const CLIMB: usize = 400;

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
        files::inspect(view, work);
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
    let value = view.trimmed();
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
    is_any(part(name, 0, dot), NAMES) && is_any(tail(name, dot + 1), KINDS)
}

/// How many folders the path went down before it climbs.
fn depth_before(bytes: &[u8], place: usize) -> usize {
    let head = part(bytes, place.saturating_sub(512), place);
    head.split(|b| matches!(b, b'/' | b'\\'))
        .filter(|segment| !segment.is_empty() && *segment != b"." && !segment.ends_with(b":"))
        .count()
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
    let value = view.trimmed();
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
