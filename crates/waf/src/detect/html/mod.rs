//! Cross-site scripting: would the value become active content where a page might put it?
//!
//! It is read as if it stood in element content (every `<` may begin a tag), inside a quoted or bare
//! attribute (a quote or a space may begin another attribute), as an address, and inside a string of
//! a script.

mod attribute;
mod cause;
mod dialog;
mod document;
mod leaving;
mod script;
mod scripts;
mod tag;
mod url;

use super::bytes::{Ahead, is_space};
use super::finding::Class;
use super::input::Hint;
use super::scan::class;
use super::view::{View, Work};
use super::words::signal;

pub(super) use cause::has_cause;

/// A sign of active content.
#[derive(Debug, Clone, Copy)]
struct Sign {
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
}

/// Tags, quotes and equals signs looked at in each value.
const ANCHORS: usize = 20_000;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 12;
/// What a look at one equals sign costs, and how many bytes of what it assigns are read for one unit.
const ATTRIBUTE: usize = 40;
const ASSIGNED_A_UNIT: usize = 4;

/// Reads `view` in every context of a page.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "html") {
        return;
    }
    tags(view, work);
    attributes(view, work);
    if let Some(sign) =
        leaving::closed(view).or_else(|| leaving::dangling(view)).or_else(|| leaving::locator(view))
    {
        note(view, sign, work);
    }
    let page = url::active(view).or_else(|| document::action(view));
    if let Some(sign) = page.or_else(|| document::policy(view)) {
        note(view, sign, work);
    }
    if view.has(signal::SCRIPT) || view.mask.any(class::TICK) || !view.mask.any(class::PLAIN) {
        scripts::inspect(view, work);
    }
}

fn tags(view: &View<'_>, work: &mut Work<'_>) {
    let mut quoted = document::Quoted::new(view);
    let mut scripts = Ahead::new(tag::SCRIPTS);
    for place in memchr::memchr_iter(b'<', view.bytes).take(ANCHORS) {
        let Some(found) = tag::read(view, place, &mut scripts) else { continue };
        if !work.budget.spend(20 * (found.end - place) + 60, "html") {
            return;
        }
        let confidence = if found.confidence >= 60 && quoted.covers(place) {
            found.confidence.saturating_sub(40)
        } else {
            found.confidence
        };
        note(view, Sign { confidence, ..found }, work);
    }
}

fn attributes(view: &View<'_>, work: &mut Work<'_>) {
    if !view.mask.any(class::EQUALS) {
        return;
    }
    for place in memchr::memchr_iter(b'=', view.bytes).take(ANCHORS) {
        if !work.budget.spend(ATTRIBUTE, "html") {
            return;
        }
        if let Some((sign, read)) = attribute::break_out(view, place) {
            if !work.budget.spend(read / ASSIGNED_A_UNIT, "html") {
                return;
            }
            sign.into_iter().for_each(|sign| note(view, sign, work));
        }
    }
}

fn note(view: &View<'_>, sign: Sign, work: &mut Work<'_>) {
    let allowed = match view.hint {
        Hint::Markup if sign.confidence < 80 => 40,
        Hint::Code => 55,
        _ => 100,
    };
    let hidden = if view.was_hidden() && sign.confidence >= 50 { 4 } else { 0 };
    let confidence = (sign.confidence.min(allowed) + hidden).min(99);
    work.note(Class::Xss, confidence, sign.start..sign.end, sign.reason);
}

/// White space of HTML, and the control characters that old browsers dropped from names.
fn is_blank(byte: u8) -> bool {
    is_space(byte) || byte < 0x20
}
