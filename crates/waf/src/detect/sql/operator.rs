//! An operator or a comma goes on where a literal or a number ended.

use super::condition::{self, Ending, Expression};
use super::continuation::{Judgement, Origin};
use super::token::{Kind, Lexer, Token};
use super::union;
use super::words::Word;
use crate::detect::bytes::{find, part, tail, trimmed};
use crate::detect::view::View;

/// `'+(select …)+'`, `'-sleep(5)-'`, `'=''`.
pub(super) fn read(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let first = lexer.next();
    let reason = "an operator continues the query after a literal";
    // `class="x">…`: the quote ends an attribute of a tag.
    let tag = origin != Origin::Start
        && lexer.text(first).starts_with(b">")
        && view.has_tag_before(first.start);
    if tag {
        return None;
    }
    // A query is an operand only in parentheses.
    if lexer.peek().kind == Kind::Word(Word::Select) {
        return None;
    }
    let expression = condition::read(&mut lexer);
    if expression.is_unmistakable() {
        let quoted = matches!(origin, Origin::Quote { .. });
        let confidence = if quoted || expression.ends_well() && view.is_short() { 88 } else { 50 };
        let code = !quoted && expression.selects == 0 && !view.is_short();
        return Some((if code { 30 } else { confidence }, expression.end, reason));
    }
    let confidence = match origin {
        Origin::Quote { unbalanced: true } => behind_quote(view, &expression, first, &lexer)?,
        // `1=1 or 2=2`, `1=(…)`.
        Origin::Start if !compares(first) || !view.is_short() || !expression.ends_well() => {
            return after_start(view, &expression);
        }
        // `1 = 1 or 1`: nothing but constants.
        Origin::Start
            if expression.logic > 0
                && (lexer.saw_comment || expression.literals == expression.operands) =>
        {
            66
        }
        Origin::Start if starts_quoted(view) && find(view.bytes, b"::json").is_some() => 66,
        _ => return None,
    };
    Some((confidence, expression.end.max(first.end), reason))
}

fn compares(token: Token) -> bool {
    token.kind == Kind::Compare || matches!(token.kind, Kind::Word(Word::Compare))
}

fn starts_quoted(view: &View<'_>) -> bool {
    matches!(view.trimmed().first(), Some(b'\'' | b'"'))
}

/// The operator `first` behind a quote that closes a literal of the application.
fn behind_quote(
    view: &View<'_>,
    expression: &Expression,
    first: Token,
    lexer: &Lexer<'_>,
) -> Option<u8> {
    let value = view.trimmed();
    let quoted_start = starts_quoted(view);
    let compared = compares(first);
    let (ends, short) = (expression.ends_well(), view.is_short());
    let cut = expression.ending == Ending::Comment && cuts_off(view, lexer);
    let bare_word = value.len() <= 48 && value.iter().all(|b| !matches!(b, b',' | b':'));
    let literal = expression.literals > 0;
    let dangling = value.len() > 2 && matches!(value.last(), Some(b'\'' | b'"')) && literal;
    let open = literal && expression.ending == Ending::End;
    match () {
        // `'='`, `'-'`, `' like '`: the value is an operator between the application's quotes.
        () if quoted_start && dangling && open && value.len() <= 16 => Some(66),
        () if view.is_document() => None,
        () if compared && cut => Some(80),
        () if compared && expression.logic > 0 && ends && short => Some(74),
        () if expression.calls > 0 && ends && short => Some(72),
        () if cut && literal && short => Some(68),
        () if compared && bare_word && quoted_start && literal && short && ends => Some(62),
        // `1' like '1`: the last literal is left for the application to close.
        () if matches!(first.kind, Kind::Word(Word::Compare)) && open && value.len() <= 24 => {
            Some(62)
        }
        () => None,
    }
}

/// Whether nothing that reads as text follows the comment sign.
fn cuts_off(view: &View<'_>, lexer: &Lexer<'_>) -> bool {
    let comment = lexer.peek();
    let text = part(view.bytes, comment.start, comment.end);
    let after = trimmed(tail(text, if text.starts_with(b"#") { 1 } else { 2 }));
    comment.kind != Kind::Comment || after.len() <= 3
}

/// An expression at the start of the value, and a clause behind it.
fn after_start(view: &View<'_>, expression: &Expression) -> Judgement {
    let clause = expression.ending == Ending::Clause && view.is_short();
    if clause { union_after(view, expression.end) } else { None }
}

fn union_after(view: &View<'_>, place: usize) -> Judgement {
    let lexer = Lexer::new(view, place);
    let token = lexer.peek();
    if token.kind != Kind::Word(Word::Union) {
        return None;
    }
    union::read(view, token.start).map(|verdict| (verdict.confidence, verdict.end, verdict.reason))
}

/// `', (select …)`, `1,sleep(5)`: one more item of a list.
pub(super) fn list(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    lexer.next();
    let item = condition::read(&mut lexer);
    let reason = "one more item in a list of the query";
    let fits = item.ends_well() || item.ending == Ending::Other && lexer.peek().kind == Kind::Comma;
    let quoted = matches!(origin, Origin::Quote { unbalanced: true });
    match () {
        () if item.selects > 0
            && (quoted || view.is_short())
            && item.heavy + item.calls + item.operands > 0
            && fits =>
        {
            Some((78, item.end, reason))
        }
        () if (item.heavy > 0 || item.cases > 0) && view.is_short() && fits => {
            Some((76, item.end, reason))
        }
        () if item.calls > 0 && item.compares > 0 && view.is_short() && fits => {
            Some((68, item.end, reason))
        }
        () if item.calls > 1 && fits && view.trimmed().starts_with(b",") && view.is_short() => {
            Some((64, item.end, reason))
        }
        () if quoted && item.ending == Ending::Comment && view.is_short() => {
            Some((66, item.end, reason))
        }
        () => None,
    }
}
