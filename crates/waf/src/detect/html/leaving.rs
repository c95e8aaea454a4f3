//! Markup that leaves the place of a value: the attribute it stood in, or the page behind it.

use super::{Sign, attribute, is_blank, tag};
use crate::detect::bytes::{at, contains_any, is_any, part, tail, trimmed};
use crate::detect::view::View;

/// Attributes of a tag that are read.
const ATTRIBUTES: usize = 32;

/// `"><h1>`, `x'/><b>`: a quote that nothing opened, the end of a tag and the start of another: the
/// value stood in an attribute and leaves it.
pub(super) fn closed(view: &View<'_>) -> Option<Sign> {
    let bytes = view.bytes;
    if !view.is_short() {
        return None;
    }
    let first = memchr::memchr(b'<', bytes)?;
    let head = part(bytes, 0, first);
    let quote = head.iter().position(|byte| matches!(byte, b'"' | b'\''))?;
    let gap = tail(head, quote);
    let closers =
        gap.iter().all(|b| is_blank(*b) || matches!(b, b'"' | b'\'' | b'/' | b'>' | b')' | b';'));
    let ends = gap.contains(&b'>') && trimmed(gap).ends_with(b">");
    let next = at(bytes, first + 1);
    let opens =
        next.is_ascii_alphabetic() || next == b'/' && at(bytes, first + 2).is_ascii_alphabetic();
    let reason = "an element after the end of an attribute";
    (closers && ends && opens).then_some(Sign {
        confidence: 66,
        start: quote,
        end: first + 2,
        reason,
    })
}

/// `'';!--"<x>=&{()}`: the ends of both kinds of literal, of a statement and of a remark, and a tag:
/// the value looks for the place it stands in.
pub(super) fn locator(view: &View<'_>) -> Option<Sign> {
    let place = memchr::memmem::find(view.bytes, b";!--").filter(|_| view.is_short())?;
    let head = part(view.bytes, 0, place);
    let quoted = head.iter().any(|byte| matches!(byte, b'\'' | b'"'));
    let opens = memchr::memchr(b'<', tail(view.bytes, place)).is_some();
    let reason = "an element after the end of an attribute";
    (quoted && opens).then_some(Sign { confidence: 64, start: place, end: place + 4, reason })
}

/// `<img src='http://x/?`: an address elsewhere whose quote is left open: it takes the page that
/// follows with it, up to the next quote.
pub(super) fn dangling(view: &View<'_>) -> Option<Sign> {
    if !view.is_short() {
        return None;
    }
    let start = memchr::memrchr(b'<', view.bytes)?;
    let bytes = tail(view.bytes, start);
    let (name, mut place) = tag::read_name(bytes, 1)?;
    for _ in 0..ATTRIBUTES {
        while is_blank(at(bytes, place)) && place < bytes.len() || at(bytes, place) == b'/' {
            place += 1;
        }
        let (attribute, after) = attribute::read(bytes, place);
        if after == place || at(bytes, place) == b'>' {
            return None;
        }
        let quoted = bytes.len().checked_sub(attribute.value.len() + 1);
        let quote = quoted.map_or(0, |quote| at(bytes, quote));
        let open = after >= bytes.len()
            && matches!(quote, b'"' | b'\'' | b'`')
            && !attribute.value.contains(&quote);
        if open {
            let loads =
                is_any(attribute.name, &["src", "href", "action", "data", "background", "content"]);
            let foreign = loads && contains_any(attribute.value, &["//"]) && name.len() < 12;
            let reason = "an address that takes the rest of the page with it";
            let end = view.bytes.len();
            return foreign.then_some(Sign { confidence: 64, start, end, reason });
        }
        place = after;
    }
    None
}
