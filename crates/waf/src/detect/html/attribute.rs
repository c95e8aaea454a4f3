//! Attributes: read within a tag, and begun by a value that leaves its own.

use super::{Sign, is_blank, url};
use crate::detect::bytes::{at, before, is_any, part, starts_with_any, tail};
use crate::detect::view::View;

/// How much of the value of an attribute is read that stands outside any tag.
const LONGEST: usize = 512;

/// An attribute as a browser reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) has_value: bool,
}

/// Reads the attribute at `start`; gives it and the place behind it.
pub(super) fn read(bytes: &[u8], start: usize) -> (Attribute<'_>, usize) {
    let rest = tail(bytes, start);
    let length =
        rest.iter().take_while(|&&b| !is_blank(b) && !matches!(b, b'=' | b'>' | b'/')).count();
    let name = part(rest, 0, length);
    let mut place = start + length;
    let gap = tail(bytes, place).iter().take_while(|&&b| is_blank(b)).count();
    if at(bytes, place + gap) != b'=' {
        return (Attribute { name, value: &[], has_value: false }, place);
    }
    place += gap + 1;
    place += tail(bytes, place).iter().take_while(|&&b| is_blank(b)).count();
    let quote = at(bytes, place);
    let rest = tail(bytes, place + 1);
    if matches!(quote, b'"' | b'\'' | b'`') {
        let length = memchr::memchr(quote, rest).unwrap_or(rest.len());
        let value = part(rest, 0, length);
        return (Attribute { name, value, has_value: true }, (place + length + 2).min(bytes.len()));
    }
    let rest = tail(bytes, place);
    let length = rest.iter().take_while(|&&b| !is_blank(b) && b != b'>').count();
    let value = part(rest, 0, length);
    (Attribute { name, value, has_value: true }, place + length)
}

/// Whether `name`, an attribute of a tag, is an event handler.
pub(super) fn is_handler(name: &[u8]) -> bool {
    let long = (4..=40).contains(&name.len());
    long && starts_with_any(name, &["on"])
        && tail(name, 2).iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

/// Whether `name` binds code to an event or to an element, as Angular, Vue and Alpine write it.
pub(super) fn is_bound_handler(name: &[u8]) -> bool {
    starts_with_any(name, &["ng-", "data-ng-", "v-", "@", "x-", "(", "[", "hx-on"])
}

/// Whether code bound so reaches further than the data of its page: to the page itself.
pub(super) fn reaches_page(value: &[u8]) -> bool {
    crate::detect::bytes::contains_any(
        value,
        &["constructor", "$event.", "alert", "document.", "window.", "eval(", "location", "$eval"],
    )
}

/// What names of events begin with. Outside a tag, `once = 3` is text and `onclick = 3` is not.
const EVENTS: &[&str] = &[
    "abort",
    "activate",
    "afterprint",
    "afterscriptexecute",
    "animation",
    "auxclick",
    "before",
    "begin",
    "blur",
    "bounce",
    "cancel",
    "canplay",
    "cellchange",
    "change",
    "click",
    "close",
    "command",
    "contentvisibility",
    "contextmenu",
    "control",
    "copy",
    "cuechange",
    "cut",
    "dataavailable",
    "dataset",
    "dblclick",
    "deactivate",
    "devicemotion",
    "deviceorientation",
    "drag",
    "drop",
    "durationchange",
    "emptied",
    "end",
    "error",
    "filterchange",
    "finish",
    "focus",
    "formdata",
    "fullscreen",
    "gesture",
    "gotpointer",
    "hashchange",
    "help",
    "input",
    "invalid",
    "key",
    "layoutcomplete",
    "load",
    "locationchange",
    "losecapture",
    "lostpointer",
    "media",
    "message",
    "mouse",
    "move",
    "offline",
    "online",
    "orientation",
    "outofsync",
    "page",
    "paste",
    "pause",
    "play",
    "pointer",
    "popstate",
    "progress",
    "propertychange",
    "ratechange",
    "readystatechange",
    "redo",
    "rejectionhandled",
    "repeat",
    "reset",
    "resize",
    "resume",
    "reverse",
    "row",
    "scroll",
    "search",
    "securitypolicy",
    "seek",
    "select",
    "show",
    "slotchange",
    "stalled",
    "start",
    "stop",
    "storage",
    "submit",
    "suspend",
    "syncrestored",
    "timeerror",
    "timeupdate",
    "toggle",
    "touch",
    "transition",
    "trackchange",
    "undo",
    "unhandledrejection",
    "unload",
    "urlflip",
    "volumechange",
    "wait",
    "webkit",
    "wheel",
    "zoom",
];

/// A new attribute that begins before the `=` at `equals`, outside any tag of the value: what it is a sign
/// of, and how many bytes were read. `None` when none begins there.
pub(super) fn break_out(view: &View<'_>, equals: usize) -> Option<(Option<Sign>, usize)> {
    let bytes = view.bytes;
    let mut end = equals;
    while is_blank(before(bytes, end)) && end > 0 && equals - end < 8 {
        end -= 1;
    }
    let head = part(bytes, 0, end);
    let length = head
        .iter()
        .rev()
        .take(44)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':'))
        .count();
    let start = end - length;
    let name = part(bytes, start, end);
    let separator = before(bytes, start);
    let separated = start == 0
        || is_blank(separator)
        || matches!(separator, b'"' | b'\'' | b'/' | b'`' | b',' | b';');
    if !separated || length < 3 {
        return None;
    }
    let (attribute, after) = read(part(bytes, 0, equals + LONGEST), start);
    let judged = judge(view, name, attribute.value, leaves_quote(bytes, start), start);
    let end = after.min(bytes.len()).max(equals);
    let sign = judged.map(|(confidence, reason)| Sign { confidence, start, end, reason });
    Some((sign, end - start))
}

/// Whether a quote right before the attribute ends the one the value stands in.
fn leaves_quote(bytes: &[u8], start: usize) -> bool {
    let head = part(bytes, 0, start);
    // Other attributes may stand between: `" autofocus onfocus=`.
    let between =
        |b: &&u8| is_blank(**b) || b.is_ascii_alphanumeric() || matches!(**b, b'/' | b'=' | b'-');
    let gap = head.iter().rev().take(48).take_while(between).count();
    let quote = start.checked_sub(gap + 1).map_or(0, |place| at(bytes, place));
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return false;
    }
    // A quote that closes what the value itself opened leaves nothing.
    let earlier = part(bytes, start.saturating_sub(gap + 513), start - gap - 1);
    memchr::memchr_iter(quote, earlier).count().is_multiple_of(2)
}

fn judge(
    view: &View<'_>,
    name: &[u8],
    value: &[u8],
    leaves: bool,
    start: usize,
) -> Option<(u8, &'static str)> {
    let handler = starts_with_any(name, &["on"]) && starts_with_any(tail(name, 2), EVENTS);
    let runs = value.iter().any(|b| matches!(b, b'(' | b'`' | b'=' | b'\\' | b'[' | b'&' | b'%'))
        || is_any(value, &["alert"]);
    if handler {
        let is_short = view.is_short();
        let first = is_short && view.head(start).is_empty();
        let reason = "an event handler after the end of an attribute";
        let confidence = match () {
            () if leaves && before(view.bytes, start) == b'`' && view.is_prose() => 45,
            () if leaves && !view.is_document() => 86,
            () if leaves => 62,
            () if runs && first => 72,
            () if runs && is_short => 66,
            () if first && !value.is_empty() => 60,
            () => 35,
        };
        return Some((confidence, reason));
    }
    let address = is_any(name, &["href", "src", "action", "formaction", "srcdoc", "xlink:href"]);
    if address && (url::is_active_scheme(value) || name.eq_ignore_ascii_case(b"srcdoc") && leaves) {
        return Some((if leaves { 86 } else { 70 }, "an address that runs code"));
    }
    let style = is_any(name, &["style"])
        && crate::detect::bytes::contains_any(
            value,
            &["expression(", "javascript:", "-moz-binding", "behavior:"],
        );
    if style {
        return Some((if leaves { 85 } else { 72 }, "a style that runs code"));
    }
    None
}
