//! What stands between the end of a value's place and the rest of the query: parentheses, the end of
//! a comment or of a dollar-quoted text, an alias, the words of a full-text search.

use super::token::{Kind, Lexer};
use super::words::Word;
use crate::detect::bytes::{is_any, tail};

/// Closers that are passed; nobody nests deeper.
const LIMIT: usize = 16;

/// Passes what closes the place of a value; true when something did.
pub(super) fn pass(lexer: &mut Lexer<'_>) -> bool {
    let mut closed = false;
    for _ in 0..LIMIT {
        if lexer.pass_sign(&[b"*/", b"$$", b"]"]) || pass_mode(lexer) || closed && pass_alias(lexer)
        {
            closed = true;
        } else if lexer.peek().kind == Kind::Close {
            lexer.next();
            closed = true;
        } else {
            break;
        }
    }
    closed
}

/// `as name`, where a condition or a join follows: an alias of the table in parentheses before it.
fn pass_alias(lexer: &mut Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let word = ahead.next();
    if !is_any(ahead.text(word), &["as"]) {
        return false;
    }
    let name = ahead.next();
    let follows = matches!(
        ahead.peek().kind,
        Kind::Word(
            Word::Where | Word::Union | Word::Logic | Word::Order | Word::Clause | Word::From
        )
    );
    if matches!(name.kind, Kind::Word(_)) && follows {
        *lexer = ahead;
        return true;
    }
    false
}

/// `in boolean mode)` of MySQL's full-text search.
fn pass_mode(lexer: &mut Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let matches = ["in", "boolean", "mode"].iter().all(|word| {
        let token = ahead.next();
        ahead.text(token).eq_ignore_ascii_case(word.as_bytes())
    });
    if matches {
        *lexer = ahead;
    }
    matches
}

/// `text` behind the remark it begins with, `/*x*/`; all of it when it begins with none.
pub(super) fn without_remark(text: &[u8]) -> &[u8] {
    let Some(rest) = text.strip_prefix(b"/*") else { return text };
    memchr::memmem::find(rest, b"*/").map_or(text, |end| tail(rest, end + 2))
}
