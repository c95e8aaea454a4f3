//! Clauses of a query, and the comments that cut off what the application would add.

use super::condition::{self, Ending};
use super::continuation::{Judgement, Origin};
use super::statement;
use super::token::{Kind, Lexer, Token};
use super::words::Word;
use crate::detect::bytes::{is_any, part, tail, trimmed};
use crate::detect::view::View;

/// A comment right behind the quote: it cuts off what the application would add.
pub(super) fn comment(view: &View<'_>, origin: Origin, token: Token) -> Judgement {
    let text = part(view.bytes, token.start, token.end);
    let after = trimmed(tail(text, if text.starts_with(b"#") { 1 } else { 2 }));
    let after = super::closers::without_remark(after);
    let wordless = !after.iter().any(u8::is_ascii_alphanumeric);
    let empty = wordless && after.len() <= 12 || after.len() == 1;
    let reason = "a comment cuts off the rest of the query";
    let confidence = match origin {
        _ if view.is_document() => 40,
        Origin::Quote { unbalanced: true } if empty && text.starts_with(b"#") => 66,
        Origin::Quote { unbalanced: true }
            if empty && text.starts_with(b"/*") && view.is_header() =>
        {
            40
        }
        Origin::Quote { unbalanced: true } if empty => 80,
        Origin::Quote { unbalanced: true } if text.starts_with(b"--") && is_glued(view, token) => {
            62
        }
        Origin::Quote { unbalanced: true } if view.is_short() && !text.starts_with(b"#") => 45,
        Origin::Quote { unbalanced: false } if empty && view.is_short() => 45,
        Origin::Start if empty && text.starts_with(b"--") && is_number_before(view, token) => 62,
        Origin::Start
            if empty && text.starts_with(b"--") && view.is_short() && after.len() == 1 =>
        {
            50
        }
        _ => return None,
    };
    Some((confidence, token.end, reason))
}

/// `x'--old`: the sign right behind the quote, and no space anywhere.
fn is_glued(view: &View<'_>, token: Token) -> bool {
    let value = view.trimmed();
    let quote = crate::detect::bytes::before(view.bytes, token.start);
    let head = token.start > 1 && quote == b'\'';
    head && value.len() <= 40 && !value.iter().any(|b| matches!(b, b' ' | b'=' | b','))
}

/// `1--`: digits, and the sign that cuts off the rest.
fn is_number_before(view: &View<'_>, token: Token) -> bool {
    let head = view.head(token.start);
    !head.is_empty() && head.len() <= 12 && head.iter().all(u8::is_ascii_digit)
}

/// `order by 3--`, `having 1=1`, `limit 1 into outfile '…'`.
pub(super) fn read(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let word = lexer.next();
    let reason = "a clause of a query after the end of a literal";
    let kind = word.kind;
    let strong = matches!(origin, Origin::Quote { unbalanced: true });
    if kind == Kind::Word(Word::Order) {
        if lexer.next().kind != Kind::Word(Word::By) {
            return None;
        }
        let list = condition::read(&mut lexer);
        let number = list.literals > 0 && list.literals == list.operands;
        let listed = number && lexer.peek().kind == Kind::Comma && view.is_short();
        let sure = list.is_unmistakable()
            || listed
            || number && list.ends_well()
            || list.ending == Ending::Comment;
        return match (sure, strong) {
            (true, _) => Some((if view.is_document() { 55 } else { 86 }, list.end, reason)),
            (false, true) if list.ends_well() && view.is_short() => Some((68, list.end, reason)),
            _ => None,
        };
    }
    if kind == Kind::Word(Word::Into) {
        let target = lexer.next();
        let file = is_any(lexer.text(target), &["outfile", "dumpfile"]);
        return file.then_some((92, target.end, "the result would go into a file"));
    }
    if kind == Kind::Word(Word::Procedure) {
        let name = lexer.next();
        return crate::detect::bytes::starts_with(lexer.text(name), b"analyse")
            .then_some((90, name.end, reason));
    }
    let numbered = matches!(lexer.peek().kind, Kind::Number | Kind::Variable | Kind::Open);
    let limit = list_of(&mut lexer);
    let having = lexer.text(word).eq_ignore_ascii_case(b"having") && limit.compares > 0;
    let number = numbered && limit.operands > 0 && limit.operands == limit.literals;
    match limit.ending {
        _ if limit.is_unmistakable() => Some((88, limit.end, reason)),
        Ending::Clause if number && lexer.peek().kind == Kind::Word(Word::Procedure) => {
            Some((82, limit.end, reason))
        }
        Ending::Other | Ending::End if !having => None,
        Ending::Other => None,
        Ending::Comment | Ending::Clause if number || having && numbered => {
            Some((82, limit.end, reason))
        }
        Ending::End if having && (strong || number) && view.is_short() => {
            Some((80, limit.end, reason))
        }
        _ => None,
    }
}

/// An expression and those behind commas, as far as they are numbers: `limit 1,1`.
fn list_of(lexer: &mut Lexer<'_>) -> condition::Expression {
    let mut list = condition::read(lexer);
    for _ in 0..8 {
        if lexer.peek().kind != Kind::Comma || list.literals != list.operands {
            break;
        }
        lexer.next();
        let more = condition::read(lexer);
        list = condition::Expression {
            operands: list.operands + more.operands,
            literals: list.literals + more.literals,
            ..more
        };
    }
    list
}

/// `where …`: the condition of a query whose table or list was closed before it.
pub(super) fn filter(
    view: &View<'_>,
    origin: Origin,
    closed: bool,
    mut lexer: Lexer<'_>,
) -> Judgement {
    let word = lexer.next();
    let condition = condition::read(&mut lexer);
    let reason = "a condition after the end of a literal";
    let constant = condition.compares > 0 && condition.literals == condition.operands;
    let left = closed
        || matches!(origin, Origin::Quote { unbalanced: true })
        || statement::starts_with_number(view);
    let confidence = match () {
        () if !condition.ends_well() || lexer.text(word).eq_ignore_ascii_case(b"using") => {
            return None;
        }
        () if view.is_document() => 40,
        () if condition.is_unmistakable() && (left || view.is_short()) => 88,
        () if constant && left => 84,
        () if condition.compares > 0 && condition.ending == Ending::Comment && left => {
            if condition.literals > 1 { 76 } else { 66 }
        }
        () => return None,
    };
    Some((confidence, condition.end, reason))
}
