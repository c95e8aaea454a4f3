//! A second query, joined to the application's.

use super::condition::{self, Ending};
use super::continuation::Verdict;
use super::token::{Kind, Lexer};
use super::words::Word;
use crate::detect::bytes::{find, is_any, part, tail};
use crate::detect::view::View;

/// `union select …`, wherever it stands.
pub(super) fn read(view: &View<'_>, place: usize) -> Option<Verdict> {
    let mut lexer = Lexer::new(view, place);
    let word = lexer.next();
    let mut next = lexer.next();
    while matches!(next.kind, Kind::Word(Word::All | Word::Prefix | Word::Other) | Kind::Open)
        && (next.kind == Kind::Open || lexer.text(next).len() > 2)
        && next.end - word.start < 256
    {
        if next.kind == Kind::Word(Word::Other) && !is_known_filler(lexer.text(next)) {
            return None;
        }
        next = lexer.next();
    }
    let reason = "a second query joined by union";
    let found = |confidence, end| Some(Verdict { confidence, start: place, end, reason });
    if next.kind != Kind::Word(Word::Select) {
        let values = lexer.text(next).eq_ignore_ascii_case(b"values")
            || lexer.text(next).eq_ignore_ascii_case(b"table");
        return if values && lexer.peek().kind == Kind::Open { found(65, next.end) } else { None };
    }
    let after_query = complete_query_before(view, place);
    let list = condition::read(&mut lexer.clone());
    let telling = list.heavy > 0
        || list.calls > 0
        || lexer.saw_comment
        || list.literals > 1
        || list.ending == Ending::Comment
        || list.literals == list.operands && list.operands > 0;
    let end = list.end.max(next.end);
    match (after_query, telling) {
        (false, true) => found(90, end),
        // Nothing but these words: nobody has anything to say with them.
        (false, false) if list.operands == 0 && place == 0 && view.bytes.len() <= 32 => {
            found(62, end)
        }
        (false, false) if view.is_short() && list.ends_well() && list.operands <= 1 => {
            found(50, end)
        }
        (false, false) if view.is_short() => found(72, end),
        (false, false) => found(50, end),
        (true, true) if view.is_short() => found(60, end),
        (true, _) => found(35, end),
    }
}

fn is_known_filler(word: &[u8]) -> bool {
    is_any(word, &["all", "distinct", "distinctrow"])
}

/// Whether the text before `place` is itself a query: then the union is part of a statement that
/// somebody wrote down, and breaks out of nothing.
fn complete_query_before(view: &View<'_>, place: usize) -> bool {
    let head = part(view.bytes, 0, place);
    let window = tail(head, head.len().saturating_sub(400));
    view.count(window.len());
    let quotes = memchr::memchr_iter(b'\'', window).count();
    quotes.is_multiple_of(2)
        && find(window, b"select")
            .is_some_and(|select| find(tail(window, select), b"from").is_some())
}
