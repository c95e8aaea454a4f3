//! SQL injection, judged by structure: does the value end the literal or the number it would stand
//! in, and does what follows read on as a query?
//!
//! The value is read from every place where an application's query could resume: its start (a
//! number, an identifier, a closing parenthesis), behind each quote, behind each semicolon, and at
//! each `union`. From there it is tokenised for a bounded stretch and parsed.

mod anywhere;
mod asked;
mod clause;
mod closers;
mod condition;
mod continuation;
mod operator;
mod statement;
mod token;
mod union;
mod whole;
mod words;

use super::bytes::{before, find, is_word, skip_space, tail};
use super::finding::Class;
use super::scan::class;
use super::view::{View, Work};
use super::words::signal;
use continuation::{Origin, Verdict};

/// What a look at one place costs. What is read on from there costs what it takes.
const GLANCE: usize = 12;

/// Whether the bytes and words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    mask.any(class::QUOTE | class::DOUBLE | class::TICK | class::AT)
        || view.has(signal::SQL)
        || mask.any(class::PIPE | class::PAREN | class::EQUALS | class::LESS | class::GREATER)
            && mask.any(class::DIGIT | class::PAREN | class::SPACE)
            && view
                .trimmed()
                .first()
                .is_some_and(|byte| !byte.is_ascii_alphabetic() || starts_with_logic(view.bytes))
        || mask.all(class::PAREN | class::DIGIT) && mask.any(class::EQUALS) && view.is_short()
        || view.bytes.ends_with(b"--") && mask.any(class::DIGIT)
        || mask.all(class::SLASH | class::STAR) && !view.is_header()
        || mask.all(class::EQUALS | class::SPACE) && view.is_short() && has_logic(view.bytes)
}

/// `id=1 or 1=1`: two comparisons with a word of logic between them.
fn has_logic(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'=', bytes).take(2).count() > 1
        && (find(bytes, b" or ").is_some() || find(bytes, b" and ").is_some())
}

fn starts_with_logic(bytes: &[u8]) -> bool {
    let start = skip_space(bytes, 0);
    super::bytes::starts_with_any(tail(bytes, start), &["or", "and", "xor", "not", "having", "if"])
}

/// Reads `view` from every place a query could resume.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let mut sure = false;
    let mut judge = |origin: Origin, place: usize, work: &mut Work<'_>| {
        if !work.budget.spend(GLANCE, "sql") {
            return false;
        }
        // Nothing is surer than sure.
        if sure || origin != Origin::Start && !continuation::resumes(view.bytes, place) {
            return true;
        }
        if let Some(verdict) = continuation::judge(view, origin, place) {
            sure |= verdict.confidence >= 90;
            report(view, verdict, work);
        }
        work.budget.spend(view.take_count(), "sql")
    };
    judge(Origin::Start, 0, work);
    if view.mask.any(class::QUOTE | class::DOUBLE | class::TICK) {
        let mut seen = [0_u32; 3];
        for place in memchr::memchr3_iter(b'\'', b'"', b'`', view.bytes) {
            let count = seen.get_mut(match view.bytes.get(place) {
                Some(b'\'') => 0,
                Some(b'"') => 1,
                _ => 2,
            });
            let opens = count.map(|count| std::mem::replace(count, *count + 1) % 2 == 0);
            let origin = Origin::Quote { unbalanced: opens == Some(true) };
            if !judge(origin, place + 1, work) {
                return;
            }
        }
    }
    if view.has(signal::SQL) && view.mask.any(class::SEMICOLON) {
        for place in memchr::memchr_iter(b';', view.bytes) {
            if !judge(Origin::Semicolon, place, work) {
                return;
            }
        }
    }
    if view.has(signal::SQL) {
        words(view, work);
    }
    let spliced = anywhere::spliced(view).filter(|_| view.mask.all(class::SLASH | class::STAR));
    if let Some(verdict) = spliced {
        report(view, verdict, work);
    }
}

/// The words that show themselves wherever they stand.
fn words(view: &View<'_>, work: &mut Work<'_>) {
    let mut from = 0;
    while let Some(found) = find(tail(view.bytes, from), b"union") {
        let place = from + found;
        from = place + 5;
        if !work.budget.spend(GLANCE + found, "sql") {
            return;
        }
        let free = !before(view.bytes, place).is_ascii_alphabetic()
            && !is_word(super::bytes::at(view.bytes, from));
        if free && let Some(verdict) = union::read(view, place) {
            report(view, verdict, work);
        }
        if !work.budget.spend(view.take_count(), "sql") {
            return;
        }
    }
    if let Some(verdict) = anywhere::delay(view) {
        report(view, verdict, work);
    }
    if let Some(verdict) = anywhere::executed_comment(view) {
        report(view, verdict, work);
    }
}

fn report(view: &View<'_>, verdict: Verdict, work: &mut Work<'_>) {
    let declared = matches!(view.hint, super::Hint::Code) && verdict.confidence < 95;
    let confidence = if declared { verdict.confidence.min(55) } else { verdict.confidence };
    let hidden = if view.was_hidden() && confidence >= 45 { 5 } else { 0 };
    let confidence = (confidence + hidden).min(99);
    work.note(Class::Sqli, confidence, verdict.start..verdict.end, verdict.reason);
}
