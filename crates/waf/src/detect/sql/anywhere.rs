//! What only SQL writes, wherever it stands.

use super::continuation::{self, Origin, Verdict};
use super::token::{Kind, Lexer};
use super::words::Word;
use crate::detect::bytes::{at, before, find, is_any, part, tail};
use crate::detect::view::View;

/// `waitfor delay '0:0:5'`, wherever it stands: no other language has it.
pub(super) fn delay(view: &View<'_>) -> Option<Verdict> {
    let start = find(view.bytes, b"waitfor")?;
    let mut lexer = Lexer::new(view, start + 7);
    let kind = lexer.next();
    let time = lexer.next();
    let timed = is_any(lexer.text(kind), &["delay", "time"])
        && (matches!(time.kind, Kind::Text { .. }) && lexer.text(time).contains(&b':')
            || time.kind == Kind::Variable);
    let confidence = if view.is_short() { 84 } else { 50 };
    timed.then_some(Verdict { confidence, start, end: time.end, reason: "a call that takes time" })
}

/// `/*!50000select*/`: a comment that MySQL executes.
pub(super) fn executed_comment(view: &View<'_>) -> Option<Verdict> {
    let start = find(view.bytes, b"/*!")?;
    let mut lexer = Lexer::new(view, start);
    let first = lexer.next();
    let telling = match first.kind {
        Kind::Word(
            Word::Select
            | Word::Union
            | Word::Logic
            | Word::From
            | Word::Heavy
            | Word::Schema
            | Word::Where,
        ) => true,
        Kind::Word(word) => {
            word != Word::Other
                && part(view.bytes, start + 3, start + 8).iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    telling.then_some(Verdict {
        confidence: if view.is_document() { 50 } else { 78 },
        start,
        end: first.end,
        reason: "a comment that MySQL executes",
    })
}

/// `uni/**/on sel/**/ect`: empty remarks within words, for a filter that takes them out.
pub(super) fn spliced(view: &View<'_>) -> Option<Verdict> {
    let bytes = view.bytes;
    let start = memchr::memmem::find(bytes, b"/**/").filter(|_| view.is_short())?;
    let mut joined = Vec::with_capacity(bytes.len());
    let mut from = 0;
    for place in memchr::memmem::find_iter(bytes, b"/**/") {
        joined.extend_from_slice(part(bytes, from, place));
        from = place + 4;
    }
    joined.extend_from_slice(tail(bytes, from));
    let hidden = |word: &[u8]| find(&joined, word).is_some() && find(bytes, word).is_none();
    let query = hidden(b"union") && find(&joined, b"select").is_some()
        || hidden(b"select")
            && (find(&joined, b"union").is_some() || find(&joined, b" from").is_some());
    let reason = "a query spelt with empty comments";
    let within = memchr::memmem::find_iter(bytes, b"/**/").any(|place| {
        before(bytes, place).is_ascii_alphabetic() && at(bytes, place + 4).is_ascii_alphabetic()
    });
    let quote = memchr::memchr2(b'\'', b'"', &joined).filter(|_| within);
    let broken = quote.is_some_and(|place| {
        let whole = view.reading(&joined);
        continuation::judge(&whole, Origin::Quote { unbalanced: true }, place + 1)
            .is_some_and(|verdict| verdict.confidence >= 60)
    });
    (query || broken).then_some(Verdict { confidence: 72, start, end: bytes.len(), reason })
}
