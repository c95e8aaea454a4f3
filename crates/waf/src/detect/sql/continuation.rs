//! Does the text after a break-out go on as a query?

use super::condition::{self, Ending, Expression};
use super::statement;
use super::token::{Kind, Lexer, Token};
use super::words::Word;
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
    let mut lexer = Lexer::new(view.bytes, place);
    if origin == Origin::Start {
        return statement::at_start(view).or_else(|| {
            pass_operand(&mut lexer)?;
            resume(view, origin, place, lexer)
        });
    }
    resume(view, origin, place, lexer)
}

/// Passes the operand a value begins with when it stands in the place of a number or name.
fn pass_operand(lexer: &mut Lexer<'_>) -> Option<()> {
    let first = lexer.peek();
    match first.kind {
        // `or 1=1`: what the value follows is the application's.
        Kind::Word(Word::Logic) | Kind::Logic | Kind::Close | Kind::Semicolon => return Some(()),
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
    while lexer.peek().kind == Kind::Close {
        lexer.next();
    }
    let token = lexer.peek();
    // Backticks quote names: only a comparison behind one is telling.
    let tick = before(view.bytes, place) == b'`' && origin != Origin::Start;
    let (confidence, end, reason) = match token.kind {
        Kind::Logic | Kind::Word(Word::Logic) => logic(view, origin, lexer)?,
        Kind::Word(Word::Union) => {
            return union(view, token.start).map(|v| Verdict {
                start,
                confidence: v.confidence.saturating_add(25).min(97),
                ..v
            });
        }
        Kind::Semicolon => statement::stacked(view, origin, lexer)?,
        Kind::Comment => comment(view, origin, token)?,
        Kind::Word(Word::Order | Word::Clause | Word::Into | Word::Procedure) => {
            clause(view, origin, lexer)?
        }
        Kind::Operator | Kind::Compare | Kind::Word(Word::Compare | Word::Prefix) => {
            operator(view, origin, lexer)?
        }
        Kind::Word(Word::Statement) if matches!(origin, Origin::Quote { .. }) => {
            statement::without_separator(view, origin, lexer)?
        }
        Kind::Comma if matches!(origin, Origin::Quote { .. }) || origin == Origin::Start => {
            list(view, origin, lexer)?
        }
        _ => return None,
    };
    let confidence = if tick && confidence < 75 { confidence.min(55) } else { confidence };
    Some(Verdict { confidence, start, end, reason })
}

type Judgement = Option<(u8, usize, &'static str)>;

/// `or …`, `and …` and a condition.
fn logic(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let word = lexer.next();
    let alternative = lexer.text(word).eq_ignore_ascii_case(b"or") || lexer.text(word) == b"||";
    let expression = condition::read(&mut lexer);
    let reason = "a condition after the end of a literal";
    let end = expression.end.max(word.end);
    if expression.operands == 0 {
        // `' or ` and nothing more: the application's own text would be the operand.
        let bare = alternative
            && origin == (Origin::Quote { unbalanced: true })
            && trimmed(view.bytes).len() <= 8;
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
        e if e.operands == 1 && view.is_short() && trimmed(view.bytes).len() < 24 => 40,
        _ => 20,
    };
    base.saturating_sub(tail)
}

/// The quote closes a literal that the value itself opened, as code does.
fn balanced(view: &View<'_>, expression: &Expression, word: Token, lexer: &Lexer<'_>) -> u8 {
    let whole = view.is_short()
        && trimmed(view.bytes).first().is_some_and(|b| matches!(b, b'\'' | b'"' | b')'));
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

/// There was no quote: a number or a name came first.
fn bare(view: &View<'_>, expression: &Expression, alternative: bool) -> u8 {
    let first = trimmed(view.bytes).first().copied().unwrap_or(0);
    let number = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b')' | b'\'' | b'"');
    let constant = expression.literals == expression.operands;
    let logic_first = matches!(first, b'|' | b'&');
    let hides = view.is_short() && trimmed(view.bytes).iter().all(|b| *b != b' ')
        || expression.ending != Ending::End;
    match expression {
        e if !e.ends_well() || !view.is_short() => 15,
        e if e.compares > 0 && constant && e.literals > 1 => 84,
        _ if logic_first => 30,
        e if e.compares > 0
            && (e.literals > 0 || number)
            && (hides || e.calls > 0 || view.bytes.contains(&b'@')) =>
        {
            66
        }
        e if e.compares > 0 && e.literals > 0 && number => 56,
        e if e.calls > 0 && first.is_ascii_digit() => 75,
        e if e.calls > 0 => 40,
        e if e.ending == Ending::Comment && e.literals > 0 && first.is_ascii_digit() => 75,
        e if e.ending == Ending::Clause && number => 58,
        _ if number && alternative && constant => 45,
        _ => 15,
    }
}

/// `union select …`, wherever it stands.
pub(super) fn union(view: &View<'_>, place: usize) -> Option<Verdict> {
    let mut lexer = Lexer::new(view.bytes, place);
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
    let quotes = memchr::memchr_iter(b'\'', window).count();
    quotes.is_multiple_of(2)
        && super::find(window, b"select")
            .is_some_and(|select| super::find(tail(window, select), b"from").is_some())
}

/// A comment right behind the quote: it cuts off what the application would add.
fn comment(view: &View<'_>, origin: Origin, token: Token) -> Judgement {
    let text = part(view.bytes, token.start, token.end);
    let after = trimmed(tail(text, if text.starts_with(b"#") { 1 } else { 2 }));
    let empty =
        after.len() <= 2 && !after.iter().any(u8::is_ascii_alphanumeric) || after.len() == 1;
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
        Origin::Quote { unbalanced: true } if view.is_short() && !text.starts_with(b"#") => 45,
        Origin::Quote { unbalanced: false } if empty && view.is_short() => 45,
        Origin::Start
            if empty && text.starts_with(b"--") && view.is_short() && after.len() == 1 =>
        {
            50
        }
        _ => return None,
    };
    Some((confidence, token.end, reason))
}

/// `order by 3--`, `having 1=1`, `limit 1 into outfile '…'`.
fn clause(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
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
    let limit = condition::read(&mut lexer);
    let having = lexer.text(word).eq_ignore_ascii_case(b"having") && limit.compares > 0;
    let number = numbered && limit.operands > 0 && limit.operands == limit.literals;
    match limit.ending {
        _ if limit.is_unmistakable() => Some((88, limit.end, reason)),
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

/// `'+(select …)+'`, `'-sleep(5)-'`, `'=''`.
fn operator(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let first = lexer.next();
    let reason = "an operator continues the query after a literal";
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
    let value = trimmed(view.bytes);
    let unbalanced = origin == Origin::Quote { unbalanced: true };
    let quoted_start = matches!(value.first(), Some(b'\'' | b'"'));
    let compared = first.kind == Kind::Compare || matches!(first.kind, Kind::Word(Word::Compare));
    let cut = expression.ending == Ending::Comment && cuts_off(view, &lexer);
    let bare_word = value.len() <= 48 && value.iter().all(|b| !matches!(b, b',' | b':'));
    let dangling =
        value.len() > 2 && matches!(value.last(), Some(b'\'' | b'"')) && expression.literals > 0;
    let confidence = match origin {
        // `'='`, `'-'`, `' like '`: the value is an operator between the application's quotes.
        _ if unbalanced
            && quoted_start
            && dangling
            && value.len() <= 16
            && expression.ending == Ending::End =>
        {
            66
        }
        _ if view.is_document() => return None,
        _ if unbalanced && compared && cut => 80,
        _ if unbalanced
            && compared
            && expression.logic > 0
            && expression.ends_well()
            && view.is_short() =>
        {
            74
        }
        _ if unbalanced && expression.calls > 0 && expression.ends_well() && view.is_short() => 72,
        _ if unbalanced && cut && expression.literals > 0 && view.is_short() => 68,
        _ if unbalanced
            && compared
            && bare_word
            && quoted_start
            && expression.literals > 0
            && view.is_short()
            && expression.ends_well() =>
        {
            62
        }
        // `1=1 or 2=2`, `1=(…)`.
        Origin::Start if !compared || !view.is_short() || !expression.ends_well() => {
            return after_start(view, &expression);
        }
        // `1 = 1 or 1`: nothing but constants.
        Origin::Start
            if expression.logic > 0
                && (lexer.saw_comment || expression.literals == expression.operands) =>
        {
            66
        }
        Origin::Start if quoted_start && super::find(view.bytes, b"::json").is_some() => 66,

        _ => return None,
    };
    Some((confidence, expression.end.max(first.end), reason))
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
    let lexer = Lexer::new(view.bytes, place);
    let token = lexer.peek();
    if token.kind != Kind::Word(Word::Union) {
        return None;
    }
    union(view, token.start).map(|verdict| (verdict.confidence, verdict.end, verdict.reason))
}

/// `', (select …)`, `1,sleep(5)`: one more item of a list.
fn list(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
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
        () if item.heavy > 0 && view.is_short() && fits => Some((76, item.end, reason)),
        () if quoted && item.ending == Ending::Comment && view.is_short() => {
            Some((66, item.end, reason))
        }
        () => None,
    }
}
