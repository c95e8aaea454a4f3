//! Expressions over an XML document, broken into: a literal ends and another location path or a
//! function of XPath follows.

use std::sync::LazyLock;

use super::bytes::{
    at, before, contains_any, find, is_word, part, skip_space, starts_with_any, tail,
};
use super::finding::Class;
use super::scan::class;
use super::signals::Signals;
use super::view::{View, Work};

/// Bars and brackets looked at in each value.
const ANCHORS: usize = 64;
/// Functions and axes that other languages do not spell so.
const TELLING: &[&str] = &[
    "string-length(",
    "substring(name(",
    "name(/",
    "count(/",
    "count(//",
    "position()=",
    "position()",
    "text()",
    "parent::",
    "child::",
    "ancestor::",
    "descendant::",
    "following::",
    "preceding::",
    "self::node()",
    "node()",
    "doc-available(",
    "starts-with(name",
    "contains(name",
    "normalize-space(",
    "contains(../",
    "contains(.,",
    "starts-with(../",
];

static INDEX: LazyLock<Signals> = LazyLock::new(|| Signals::new(&[(1, TELLING)]));

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 8;

/// Whether the bytes give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    view.is_short()
        && mask.any(class::QUOTE | class::DOUBLE | class::BRACKET | class::PIPE | class::PAREN)
        && mask.any(class::SLASH | class::PAREN)
        && !view.is_header()
}

/// Looks for a path after the end of a literal or a predicate.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "xpath") {
        return;
    }
    let reason = "a path of XPath after the end of a literal";
    for place in memchr::memchr_iter(b'|', view.bytes).take(ANCHORS) {
        let path = skip_space(view.bytes, place + 1);
        if is_path(tail(view.bytes, path)) && leaves(part(view.bytes, 0, place)) {
            work.note(Class::Xpath, 78, place..path + 2, reason);
        }
    }
    if is_whole(view.trimmed()) {
        let end = view.bytes.len();
        work.note(Class::Xpath, 66, 0..end, "a path of XPath in the place of a value");
    }
    if let Some(place) = path_behind(view.bytes) {
        work.note(Class::Xpath, 68, place..place + 5, reason);
    }
    if let Some((start, end)) = condition(view.bytes) {
        work.note(Class::Xpath, 72, start..end, "a condition of XPath after the end of a literal");
    }
}

/// `//user[name/text()='x']`, `count(/child::node())`: a path with a condition, or a function over a
/// path, and nothing else.
fn is_whole(value: &[u8]) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_lowercase() || **b == b'-').count();
    let over_path = name > 2
        && (tail(value, name).starts_with(b"(//") || tail(value, name).starts_with(b"(/"))
        && contains_any(value, &["::", "[", "()", "*"]);
    // `// [x]` is a remark of many languages.
    let rooted =
        value.starts_with(b"//") && (is_word(at(value, 2)) || b"*@".contains(&at(value, 2)));
    let predicate = memchr::memchr(b'[', value).filter(|_| value.contains(&b']'));
    let steps = part(value, 0, predicate.unwrap_or(0));
    let filtered = rooted
        && predicate.is_some()
        && !steps.contains(&b' ')
        && (contains_any(value, &["='", "=\"", "[@", "()", "::"])
            || value.ends_with(b"]") && contains_any(value, &["[1]"]));
    let nodes = rooted
        && !value.contains(&b' ')
        && value.ends_with(b"()")
        && contains_any(value, &["node()", "text()", "comment()"]);
    let attribute = value.starts_with(b"/")
        && is_word(at(value, 1))
        && !value.contains(&b' ')
        && contains_any(value, &["[@"])
        && value.ends_with(b"]");
    let document =
        attribute || starts_with_any(value, &["doc('http", "doc(\"http", "document('http"]);
    over_path || filtered || nodes || document
}

/// Whether a function is handed a path from the root: `substring(/users/user[1],1,1)`.
fn reads_path(text: &[u8]) -> bool {
    memchr::memmem::find_iter(text, b"(/").take(ANCHORS).any(|place| {
        before(text, place).is_ascii_lowercase()
            && (is_word(at(text, place + 2)) || at(text, place + 2) == b'/')
    })
}

/// `//user`, `/*[1]`, `//*`.
fn is_path(rest: &[u8]) -> bool {
    let slashes = rest.iter().take(2).take_while(|byte| **byte == b'/').count();
    let next = at(rest, slashes);
    slashes > 0 && (next == b'*' || next == b'@' || slashes == 2 && is_word(next))
}

/// Whether the text before the bar ends a literal or a predicate that it did not begin.
fn leaves(head: &[u8]) -> bool {
    let open = |byte: u8| memchr::memchr_iter(byte, head).count();
    !open(b'\'').is_multiple_of(2)
        || !open(b'"').is_multiple_of(2)
        || open(b']') > open(b'[')
        || open(b')') > open(b'(')
}

/// `' or //user[1]/name='x`: a path from the root right behind a word of logic.
fn path_behind(bytes: &[u8]) -> Option<usize> {
    ["or ", "and "].iter().find_map(|joint| {
        let place = find(bytes, joint.as_bytes())?;
        let rest = tail(bytes, skip_space(bytes, place + joint.len()));
        let free = !is_word(before(bytes, place)) && leaves(part(bytes, 0, place));
        (free && is_path(rest) && !rest.starts_with(b"/* ")).then_some(place)
    })
}

/// `' or string-length(…)>0`: a logical word behind a quote or bracket, and a function only XPath has.
fn condition(bytes: &[u8]) -> Option<(usize, usize)> {
    let telling = |text: &[u8]| INDEX.of(text) != 0 || reads_path(text);
    if !telling(bytes) {
        return None;
    }
    [" or ", " and ", "]/", ")/"].iter().find_map(|joint| {
        let place = find(bytes, joint.as_bytes())?;
        let rest = tail(bytes, place);
        (leaves(part(bytes, 0, place + 1)) && telling(rest)).then_some((place, bytes.len()))
    })
}
