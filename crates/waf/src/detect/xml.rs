//! External entities and inclusions of XML.

use super::bytes::{
    at, contains_any, find, is_any, is_space, part, skip_space, starts_with, tail, word_at,
};
use super::finding::Class;
use super::input::{Hint, Place};
use super::view::{View, Work};
use super::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 16;

/// Declarations read of one value.
const ANCHORS: usize = 256;

/// Whether the words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::XML)
}

/// Looks for declarations and inclusions.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "xml") {
        return;
    }
    entities(view, work);
    declarations(view, work);
    doctype(view, work);
    inclusions(view, work);
    sheets(view, work);
}

/// A style sheet from elsewhere, and one that opens files or asks about its engine.
fn sheets(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if let Some(place) = find(bytes, b"<?xml-stylesheet") {
        let target = part(bytes, place, place + 200);
        if contains_any(target, &["//", "data:", "file:"]) && bytes.len() < 600 {
            note(view, 64, place, 16, "a style sheet from elsewhere", work);
        }
    }
    let linked = find(bytes, b"xlink:href").filter(|place| {
        contains_any(part(bytes, *place, place + 40), &["file:", "expect:", "php:", "gopher:"])
    });
    if let Some(place) = linked {
        note(view, 66, place, 10, "an address of a local file", work);
    }
    let narrow = ["encoding=\"utf-7", "encoding=\"utf-16", "encoding=\"utf-32", "encoding=\"ucs"];
    if bytes.starts_with(b"<?xml") && contains_any(part(bytes, 0, 80), &narrow) {
        note(view, 62, 0, 40, "a declared encoding that the text does not have", work);
    }
    let reaches = [
        "document('",
        "document(\"",
        "system-property(",
        "unparsed-text(",
        "php:function",
        "xsl:include",
        "xsl:import",
        "xsl:result-document",
    ];
    let Some(place) = find(bytes, b"<xsl:") else { return };
    if contains_any(part(bytes, place, place + 2_000), &reaches) {
        note(view, 66, place, 5, "a style sheet that reaches outside", work);
    }
}

fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    length: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 60 } else { 99 };
    let prose = if view.is_document() && !is_markup(view.bytes) { 35 } else { 0 };
    let end = (start + length).min(view.bytes.len());
    work.note(Class::Xxe, confidence.saturating_sub(prose).min(allowed), start..end, reason);
}

/// Whether the value is XML itself and not a text with XML in it.
fn is_markup(bytes: &[u8]) -> bool {
    at(bytes, skip_space(bytes, 0)) == b'<' || starts_with(bytes, b"\xef\xbb\xbf<")
}

/// `<!ENTITY name SYSTEM "…">`, `<!ENTITY % name …>`, and entities made of entities.
fn entities(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let mut from = 0;
    let mut nested = 0;
    for _ in 0..ANCHORS {
        let Some(found) = find(tail(bytes, from), b"<!entity") else { break };
        let place = from + found;
        from = place + 8;
        let mut next = skip_space(bytes, from);
        let parameter = at(bytes, next) == b'%';
        if parameter {
            next = skip_space(bytes, next + 1);
        }
        let name =
            tail(bytes, next).iter().take(64).take_while(|b| !is_space(**b) && **b != b'>').count();
        let value = skip_space(bytes, next + name);
        let keyword = word_at(bytes, value);
        let body = part(bytes, value, value + 200);
        let quote = at(body, 0);
        let closed = memchr::memchr(quote, tail(body, 1)).filter(|_| matches!(quote, b'"' | b'\''));
        let body = closed.map_or(body, |end| part(body, 0, end + 2));
        let confidence = match () {
            () if is_any(keyword, &["system", "public"]) => 94,
            () if parameter => 80,
            () if memchr::memchr_iter(b'&', part(body, 0, 80)).count() > 2 => 80,
            () if memchr::memchr(b'&', part(body, 0, 80)).is_some() => {
                nested += 1;
                if nested > 1 { 88 } else { 45 }
            }
            // A document for machines that brings entities of its own.
            () if view.place == Place::XmlText && bytes.len() < 600 && body.len() > 2 => 62,
            () if bytes.len() < 600 && is_used(bytes, part(bytes, next, next + name)) => 64,
            () => 40,
        };
        note(view, confidence, place, 8 + name + 10, "an entity of XML", work);
    }
}

/// `<!NOTATION x SYSTEM "…">`, `<!ATTLIST a b CDATA "&x;">`: other declarations that fetch or expand.
fn declarations(view: &View<'_>, work: &mut Work<'_>) {
    for (sign, needs) in [(&b"<!notation"[..], ["system", "public"]), (b"<!attlist", ["\"&", "'&"])]
    {
        let Some(place) = find(view.bytes, sign) else { continue };
        let rest = part(view.bytes, place, place + 200);
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        if contains_any(part(rest, 0, end), &needs) {
            note(view, 68, place, 10, "a declaration that fetches or expands", work);
        }
    }
}

/// Whether the text refers to the entity `name`.
fn is_used(bytes: &[u8], name: &[u8]) -> bool {
    let reference = [b"&", name, b";"].concat();
    !name.is_empty() && is_markup(bytes) && memchr::memmem::find(bytes, &reference).is_some()
}

/// `<!DOCTYPE name SYSTEM "http://…">`.
fn doctype(view: &View<'_>, work: &mut Work<'_>) {
    let Some(place) = find(view.bytes, b"<!doctype") else { return };
    let name = skip_space(view.bytes, place + 9);
    let length = tail(view.bytes, name)
        .iter()
        .take(64)
        .take_while(|b| !is_space(**b) && !matches!(b, b'>' | b'['))
        .count();
    let next = skip_space(view.bytes, name + length);
    let word = word_at(view.bytes, next);
    let html = starts_with(tail(view.bytes, name), b"html");
    if is_any(word, &["system"]) && !html {
        note(view, 86, place, 40, "a document type from elsewhere", work);
    }
    let foreign = is_any(word, &["public"])
        && !html
        && !contains_any(
            part(view.bytes, next, next + 200),
            &["w3.org", "apple.com", "oasis-open", "java.sun.com"],
        );
    if foreign {
        note(view, 66, place, 40, "a document type from elsewhere", work);
    }
    if at(view.bytes, next) == b'[' && !html {
        let inline = view.place == Place::XmlText && find(view.bytes, b"<!element").is_some();
        let confidence = if inline { 62 } else { 55 };
        note(view, confidence, place, 40, "a document type with declarations", work);
    }
}

/// XInclude, and schemas from elsewhere.
fn inclusions(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let declared = contains_any(bytes, &["2001/xinclude", "2003/xinclude"]);
    let included =
        find(bytes, b":include").or_else(|| find(bytes, b"<include").filter(|_| declared));
    if let Some(place) = included {
        let target = contains_any(part(bytes, place, place + 200), &["href"]);
        if target {
            note(
                view,
                if declared { 88 } else { 66 },
                place,
                10,
                "an inclusion of another file",
                work,
            );
        }
    }
    if let Some(place) = find(bytes, b"schemalocation") {
        let foreign =
            contains_any(part(bytes, place, place + 200), &["http:", "https:", "ftp:", "file:"]);
        let short = bytes.len() < 600
            && is_markup(bytes)
            && matches!(view.place, Place::QueryValue | Place::BodyField | Place::Cookie);
        if foreign && short {
            note(view, 62, place, 14, "a schema from elsewhere", work);
        }
    }
}
