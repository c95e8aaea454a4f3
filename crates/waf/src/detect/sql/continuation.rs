//! Does the text after a break-out go on as a query?

use super::condition::{self, Ending, Expression};
use super::token::{self, Kind, Lexer, Token};
use super::words::{self, Word};
use super::{clause, closers, operator, statement, union, whole};
use crate::detect::bytes::{before, is_any, part, tail, trimmed};
use crate::detect::view::View;

/// Where the query would resume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The start of the value: it stands in the place of a number or a name.
    Start,
    /// Behind a quote. Unbalanced: no quote of the value opened what it closes, so it closes a
    /// literal of the application.
    Quote { unbalanced: bool },
    /// At a semicolon within the value.
    Semicolon,
}

/// What a reading came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) confidence: u8,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) reason: &'static str,
}

/// Reads on from `place`; `None` when that is no query.
pub(super) fn judge(view: &View<'_>, origin: Origin, place: usize) -> Option<Verdict> {
    let mut lexer = Lexer::new(view, place);
    if origin == Origin::Start {
        let began = statement::at_start(view).filter(|verdict| verdict.confidence >= 60);
        let resumed = began.or_else(|| {
            pass_operand(&mut lexer)?;
            surest(resume(view, origin, place, lexer), whole::call_behind(view, origin, place))
        });
        return surest(resumed, surest(whole::read(view), statement::at_start(view)));
    }
    let resumed =
        surest(resume(view, origin, place, lexer), whole::call_behind(view, origin, place));
    surest(resumed, whole::cut_behind(view, origin, place))
}

/// The surer of two verdicts.
fn surest(one: Option<Verdict>, other: Option<Verdict>) -> Option<Verdict> {
    match (one, other) {
        (Some(one), Some(other)) if other.confidence > one.confidence => Some(other),
        (one, other) => one.or(other),
    }
}

/// Passes the operand a value begins with when it stands in the place of a number or name.
fn pass_operand(lexer: &mut Lexer<'_>) -> Option<()> {
    let mut first = lexer.peek();
    // `(1)and(…)`.
    let mut opened = false;
    while first.kind == Kind::Open {
        lexer.next();
        first = lexer.peek();
        opened = true;
    }
    if opened && first.kind != Kind::Number {
        return None;
    }
    match first.kind {
        // `or 1=1`: what the value follows is the application's.
        Kind::Word(Word::Logic) | Kind::Logic | Kind::Close | Kind::Semicolon | Kind::Comma => {
            return Some(());
        }
        Kind::Word(Word::Clause) => return Some(()),
        Kind::Operator => {
            lexer.next();
            lexer.next();
        }
        Kind::Number | Kind::Word(_) | Kind::Variable => {
            lexer.next();
            // `name desc, (select …)`: a direction belongs to the column.
            if is_any(lexer.text(lexer.peek()), &["asc", "desc"]) {
                lexer.next();
            }
        }
        Kind::Text { closed: true } => {
            lexer.next();
        }
        _ => return None,
    }
    // `1.5`, `table.column`, `f(x)` stay one operand.
    while lexer.peek().kind == Kind::Dot {
        lexer.next();
        lexer.next();
    }
    Some(())
}

/// Judges the tokens after the break-out.
fn resume(view: &View<'_>, origin: Origin, place: usize, mut lexer: Lexer<'_>) -> Option<Verdict> {
    let start = place.saturating_sub(usize::from(origin != Origin::Start));
    let closed = closers::pass(&mut lexer);
    let token = lexer.peek();
    if let Some(verdict) = whole::line_cut_off(view, origin, place, lexer) {
        return Some(verdict);
    }
    // Backticks quote names: only a comparison behind one is telling.
    let tick = before(view.bytes, place) == b'`' && origin != Origin::Start;
    let (confidence, end, reason) = match token.kind {
        Kind::Logic | Kind::Word(Word::Logic) => logic(view, origin, lexer)?,
        Kind::Word(Word::Where) => clause::filter(view, origin, closed, lexer)?,
        Kind::Word(Word::Union) => {
            return union::read(view, token.start).map(|v| Verdict {
                start,
                confidence: v.confidence.saturating_add(25).min(97),
                ..v
            });
        }
        Kind::Semicolon => statement::stacked(view, origin, lexer)?,
        Kind::Comment => clause::comment(view, origin, token)?,
        Kind::Word(Word::Order | Word::Clause | Word::Into | Word::Procedure) => {
            clause::read(view, origin, lexer)?
        }
        Kind::Operator | Kind::Compare | Kind::Word(Word::Compare | Word::Prefix) => {
            operator::read(view, origin, lexer)?
        }
        Kind::Word(Word::Statement) if origin != Origin::Semicolon => {
            statement::without_separator(view, origin, lexer)?
        }
        Kind::Comma if matches!(origin, Origin::Quote { .. }) || origin == Origin::Start => {
            operator::list(view, origin, lexer)?
        }
        Kind::Open if opens_query(view, origin, lexer) => {
            (66, token.end, "a query in parentheses after a literal")
        }
        _ => return None,
    };
    let confidence = if tick && confidence < 75 { confidence.min(55) } else { confidence };
    Some(Verdict { confidence, start, end, reason })
}

/// `' (select …`: a query in parentheses right behind the end of a literal.
fn opens_query(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> bool {
    while lexer.peek().kind == Kind::Open {
        lexer.next();
    }
    origin == (Origin::Quote { unbalanced: true })
        && view.is_short()
        && lexer.next().kind == Kind::Word(Word::Select)
        && !matches!(lexer.peek().kind, Kind::End | Kind::Close)
}

pub(super) type Judgement = Option<(u8, usize, &'static str)>;

/// `or …`, `and …` and a condition.
fn logic(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let word = lexer.next();
    let alternative = lexer.text(word).eq_ignore_ascii_case(b"or") || lexer.text(word) == b"||";
    let began = lexer;
    let expression = condition::read(&mut lexer);
    let reason = "a condition after the end of a literal";
    let end = expression.end.max(word.end);
    if asks_query(view, origin, began) {
        return Some((64, end, reason));
    }
    if expression.operands == 0 {
        // `' or ` and nothing more: the application's own text would be the operand.
        let bare = alternative
            && origin == (Origin::Quote { unbalanced: true })
            && view.trimmed().len() <= 8;
        return bare.then_some((45, end, reason));
    }
    if expression.is_unmistakable() {
        let well = if expression.ends_well() { 94 } else { 80 };
        return Some((well, end, reason));
    }
    let confidence = match origin {
        Origin::Quote { unbalanced: true } => unbalanced(view, &expression, alternative),
        Origin::Quote { unbalanced: false } => balanced(view, &expression, word, &lexer),
        _ => bare(view, &expression, alternative),
    };
    let document = view.is_document() && expression.ending != Ending::Comment;
    let confidence = if document { confidence.saturating_sub(35) } else { confidence };
    let comment = if lexer.saw_comment && confidence >= 40 && !document { 15 } else { 0 };
    Some((confidence.saturating_add(comment).min(96), end, reason)).filter(|found| found.0 > 0)
}

/// `' or select *`, `' or (exists)`: a query stands where the condition would.
fn asks_query(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> bool {
    while lexer.peek().kind == Kind::Open {
        lexer.next();
    }
    let word = lexer.next();
    let next = lexer.peek();
    let selects = word.kind == Kind::Word(Word::Select)
        && (lexer.text(next) == b"*" || matches!(next.kind, Kind::Number | Kind::Variable));
    let exists =
        is_any(lexer.text(word), &["exists"]) && matches!(next.kind, Kind::Open | Kind::Close);
    origin == (Origin::Quote { unbalanced: true }) && view.is_short() && (selects || exists)
}

/// The quote closes a literal of the application.
fn unbalanced(view: &View<'_>, expression: &Expression, alternative: bool) -> u8 {
    let tail = if expression.ends_well() { 0 } else { 45 };
    let base: u8 = match expression {
        e if e.compares > 0 && e.literals > 0 => 90,
        e if e.compares > 0 => 82,
        e if e.calls > 0 => 85,
        e if e.ending == Ending::Comment => 82,
        e if e.ending == Ending::Clause => 70,
        e if e.literals > 0 && alternative && e.ending == Ending::End && view.is_short() => 64,
        e if e.literals > 0 && e.operators > 0 && view.is_short() => 62,
        e if e.literals == 1 && e.operands == 1 && is_tight(view) => 64,
        e if e.operands == 1 && view.is_short() && view.trimmed().len() < 24 => 40,
        _ => 20,
    };
    base.saturating_sub(tail)
}

/// The quote closes a literal that the value itself opened, as code does.
fn balanced(view: &View<'_>, expression: &Expression, word: Token, lexer: &Lexer<'_>) -> u8 {
    let whole =
        view.is_short() && view.trimmed().first().is_some_and(|b| matches!(b, b'\'' | b'"' | b')'));
    let sure = expression.ending == Ending::Comment
        || lexer.text(word) == b"||" && expression.compares > 0;
    match expression {
        e if !e.ends_well() => 10,
        e if whole && e.compares > 0 => 75,
        e if sure && e.compares > 0 && e.literals >= 1 && view.is_short() => 72,
        e if e.compares > 0 && e.literals >= 2 && e.operands == e.literals && view.is_short() => 70,
        e if e.calls > 0 && view.is_short() => 45,
        _ => 15,
    }
}

/// `admin'and'1`: no space anywhere, so no sentence.
fn is_tight(view: &View<'_>) -> bool {
    let value = view.trimmed();
    value.len() < 48 && !value.iter().any(|byte| matches!(byte, b' ' | b','))
}

/// There was no quote: a number or a name came first.
fn bare(view: &View<'_>, expression: &Expression, alternative: bool) -> u8 {
    let first = view.trimmed().first().copied().unwrap_or(0);
    let number = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b')' | b'\'' | b'"');
    let constant = expression.literals == expression.operands;
    let logic_first = matches!(first, b'|' | b'&');
    let hides = view.is_short() && view.trimmed().iter().all(|b| *b != b' ')
        || expression.ending != Ending::End;
    match expression {
        e if !e.ends_well() || !view.is_short() => 15,
        e if e.compares > 0 && constant && e.literals > 1 => 84,
        _ if logic_first => 30,
        e if e.ending == Ending::Comment
            && first.is_ascii_alphabetic()
            && starts_with_joint(view)
            && !view.trimmed().ends_with(b";")
            && e.compares + e.calls + e.literals > 0 =>
        {
            66
        }
        e if e.compares == 1 && starts_with_joint(view) && is_identity(view) => 64,
        e if e.compares > 0
            && (e.literals > 0 || number)
            && (hides || e.calls > 0 || view.bytes.contains(&b'@')) =>
        {
            66
        }
        e if e.compares > 0 && e.documents > 0 && e.ends_well() && number => 66,
        e if e.compares > 0 && e.literals > 0 && number => {
            if alternative {
                56
            } else {
                60
            }
        }
        e if e.calls > 0 && first.is_ascii_digit() => 75,
        e if e.calls > 0 => 40,
        e if e.ending == Ending::Comment && e.literals > 0 && first.is_ascii_digit() => 75,
        e if e.ending == Ending::Clause && number => 58,
        _ if number && alternative && constant => 45,
        _ => 15,
    }
}

/// Whether the value begins with `or` or `and`: what it follows is the application's.
fn starts_with_joint(view: &View<'_>) -> bool {
    let value = view.trimmed();
    is_any(crate::detect::bytes::word_at(value, 0), &["or", "and", "xor"])
}

/// `or a=a`: the same on both sides.
fn is_identity(view: &View<'_>) -> bool {
    let value = view.trimmed();
    let Some(equals) = memchr::memchr(b'=', value) else { return false };
    let (head, right) = (trimmed(part(value, 0, equals)), trimmed(tail(value, equals + 1)));
    let left = head.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    !left.is_empty() && left == right
}

/// Whether what stands at `place` could go on as a query at all: a sign that joins or ends
/// something, or the first letter of a word that does.
pub(super) fn resumes(bytes: &[u8], place: usize) -> bool {
    let start = crate::detect::bytes::skip_space(bytes, place);
    let byte = crate::detect::bytes::at(bytes, start);
    match byte.to_ascii_lowercase() {
        b'o' | b'a' | b'x' | b'u' | b'g' | b'h' | b'l' | b'i' | b'p' | b'e' | b'w' | b'd'
        | b'b' | b'r' | b's' | b'n' | b'm' => {
            let word = crate::detect::bytes::word_at(bytes, start);
            (2..=12).contains(&word.len()) && words::lookup(word) != Word::Other
        }
        b'0'..=b'9' => token::empty_exponent(tail(bytes, start)).is_some(),
        b'a'..=b'z' | b'_' | 0 | b'\'' | b'"' | b'.' | b'!' | b':' | b'}' | b']' | b'[' | b'{' => {
            false
        }
        _ => true,
    }
}
