//! Code for template engines: an expression between the engine's delimiters that computes, calls or
//! climbs to the engine's inside. A name, a filter or a loop between them is a template in the
//! documentation and says nothing.

mod between;
mod directives;
mod whole;

use super::bytes::part;
use super::finding::Class;
use super::input::Hint;
use super::scan::{Mask, class};
use super::view::{View, Work};
use super::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 24;

/// Delimiters looked at in each value.
const ANCHORS: usize = 1_000;
/// Bytes of one expression that are read.
const LONGEST: usize = 2_048;

/// The delimiters and what closes them.
const PAIRS: &[(&[u8], &[u8])] = &[
    (b"{{", b"}}"),
    (b"{%", b"%}"),
    (b"{!!", b"!!}"),
    (b"${", b"}"),
    (b"!{", b"}"),
    (b"#{", b"}"),
    (b"*{", b"}"),
    (b"@{", b"}"),
    (b"%{", b"}"),
    (b"~{", b"}"),
    (b"<%", b"%>"),
    (b"@(", b")"),
    (b"{@", b"}"),
    (b"[[", b"]]"),
    (b"[=", b"]"),
    (b"{php}", b"{/php}"),
    (b"{system", b"}"),
    (b"{$", b"}"),
    (b"{if", b"{/if"),
    (b"<#", b">"),
];

/// Whether the words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    view.has(signal::TEMPLATE)
        || mask.any(class::BRACE)
        || mask.all(class::LESS | class::PERCENT)
        || mask.all(class::AT | class::PAREN)
        || mask.all(class::LESS | class::HASH)
        || mask.any(class::BRACKET) && mask.any(class::EQUALS)
        || mask.all(class::BRACKET | class::STAR | class::DIGIT)
        || mask.all(class::EQUALS | class::PAREN) && view.bytes.first() == Some(&b'=')
        || matches!(view.bytes.first(), Some(b'@' | b'#' | b'-' | b'=' | b'p'))
            && mask.any(class::PAREN | class::STAR | class::PLUS | class::DOT)
        || mask.all(class::LESS | class::COLON)
        || view.bytes.first() == Some(&b'$') && mask.all(class::PAREN | class::DOT)
}

/// Looks at each pair of delimiters.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "template") {
        return;
    }
    for (open, close) in PAIRS {
        if !view.mask.all(Mask::of(open).0) {
            continue;
        }
        for place in memchr::memmem::find_iter(view.bytes, open).take(ANCHORS) {
            let start = place + open.len();
            let body = part(view.bytes, start, start + LONGEST);
            let Some(length) = memchr::memmem::find(body, close) else {
                unclosed(view, open, body, place, work);
                break;
            };
            // Each of the many names is looked for in what stands between the delimiters.
            if !work.budget.spend(32 * length + 64, "template") {
                return;
            }
            let inside = part(body, 0, length);
            // Brackets and sigils of other languages reach over lines; those of engines do not.
            let rare = matches!(*open, b"{{" | b"{%" | b"${" | b"#{" | b"<%" | b"{php}" | b"<#");
            if !rare && (length > 240 || inside.contains(&b'\n')) {
                continue;
            }
            let (confidence, reason) = between::judge(view, open, inside);
            note(view, confidence, place, start + length + close.len(), reason, work);
        }
    }
    directives::inspect(view, work);
    whole::inspect(view, work);
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
    let document = if view.is_document() && confidence < 90 { 30 } else { 0 };
    work.note(
        Class::Template,
        confidence.saturating_sub(document).min(allowed),
        start..end.min(view.bytes.len()),
        reason,
    );
}

fn unclosed(view: &View<'_>, open: &[u8], body: &[u8], place: usize, work: &mut Work<'_>) {
    let engine = matches!(open, b"{{" | b"{%" | b"${" | b"#{");
    if engine && view.is_short() && between::climbs(body) {
        note(
            view,
            66,
            place,
            place + body.len().min(80),
            "an expression that climbs to the engine's inside",
            work,
        );
    }
}
