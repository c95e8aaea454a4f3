//! Whole statements: the value is one, or a second one is stacked onto the application's.

use super::condition::{self, Ending};
use super::continuation::{Origin, Verdict};
use super::token::{Kind, Lexer};
use super::words::Word;
use crate::detect::bytes::{is_any, part, tail};
use crate::detect::view::View;

type Judgement = Option<(u8, usize, &'static str)>;

/// The value is a statement, a query in parentheses or a call that only an attack makes.
pub(super) fn at_start(view: &View<'_>) -> Option<Verdict> {
    let mut lexer = Lexer::new(view, 0);
    let mut token = lexer.next();
    let mut nested = false;
    while token.kind == Kind::Open {
        nested = true;
        token = lexer.next();
    }
    let start = token.start;
    let found = |confidence, end, reason| Some(Verdict { confidence, start, end, reason });
    match token.kind {
        Kind::Word(Word::Select) => {
            let query = condition::read(&mut Lexer::new(view, start));
            let (confidence, reason) = query_confidence(view, &query, nested);
            found(confidence, query.end, reason)
        }
        Kind::Word(Word::Heavy) if view.is_short() => {
            let called = lexer.peek().kind;
            let whole = condition::read(&mut Lexer::new(view, start));
            let call = called == Kind::Open && whole.ending != Ending::Other
                || called == Kind::Dot && whole.heavy > 0;
            let text = tail(view.bytes, start);
            let known = is_any(part(text, 0, token.end - start), &["sleep", "delay", "polygon"]);
            let confidence = if known && whole.literals == 0 { 40 } else { 70 };
            if call {
                found(confidence, whole.end, "a call that takes time or reaches outside")
            } else {
                None
            }
        }
        Kind::Word(Word::Function | Word::Case | Word::Statement) => {
            let whole = condition::read(&mut Lexer::new(view, start));
            if whole.is_unmistakable() && view.is_short() && whole.ends_well() {
                return found(80, whole.end, "a call with a query or a delay inside");
            }
            let constant = whole.compares > 0 && whole.literals + whole.calls == whole.operands;
            if whole.calls > 0 && constant && whole.ending == Ending::End && view.is_short() {
                return found(66, whole.end, "a comparison of constants");
            }
            let statement = second_statement(view, &mut Lexer::new(view, start))?;
            let verb = part(view.bytes, start, token.end);
            let rare = is_any(verb, &["exec", "execute", "declare", "waitfor", "shutdown", "call"]);
            let confidence =
                statement.0.saturating_sub(if view.is_short() && rare { 15 } else { 40 });
            found(confidence, statement.1, statement.2)
        }
        Kind::Number | Kind::Text { closed: true } if nested && view.is_short() => {
            let whole = condition::read(&mut Lexer::new(view, 0));
            let constant = whole.compares > 0 && whole.literals == whole.operands;
            let ends = constant && whole.operands > 1 && whole.ending == Ending::End;
            if ends { found(66, whole.end, "a comparison of constants") } else { None }
        }
        _ => None,
    }
}

fn query_confidence(
    view: &View<'_>,
    query: &condition::Expression,
    nested: bool,
) -> (u8, &'static str) {
    let reason = if nested { "a query in parentheses" } else { "a query in the place of a value" };
    let confidence = match query {
        _ if query.operands == 0 => 0,
        q if nested && q.ends_well() && view.is_short() => 82,
        q if q.heavy > 0 && view.is_short() => 76,
        q if q.calls > 0 && view.is_short() && q.operands <= 6 => 62,
        q if q.heavy > 0 => 50,
        _ if nested => 50,
        _ => 30,
    };
    (confidence, reason)
}

/// `; statement`.
pub(super) fn stacked(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let mut last = lexer.next();
    while lexer.peek().kind == Kind::Semicolon {
        last = lexer.next();
    }
    let next = lexer.peek().kind;
    if matches!(next, Kind::Comment) && matches!(origin, Origin::Quote { unbalanced: true }) {
        let rest = view.rest(lexer.peek().start + 2);
        let short = rest.len() <= 2 && !rest.iter().any(u8::is_ascii_alphabetic);
        return short.then_some((80, last.end, "a comment cuts off the rest of the query"));
    }
    if next == Kind::End && origin == (Origin::Quote { unbalanced: true }) && view.is_short() {
        let words = view.trimmed().iter().filter(|byte| **byte == b' ').count();
        return (words == 0).then_some((60, last.end, "the end of a statement after a literal"));
    }
    let began = lexer;
    let second = second_statement(view, &mut lexer).or_else(|| cut_off(view, origin, began));
    let (confidence, end, reason) = second?;
    let loose = match origin {
        Origin::Quote { unbalanced: true } => 0,
        Origin::Quote { unbalanced: false } if view.is_short() => 15,
        Origin::Quote { .. } => 45,
        Origin::Start if view.is_short() => 5,
        Origin::Start => 40,
        Origin::Semicolon if view.is_short() => 18,
        Origin::Semicolon => 42,
    };
    Some((confidence.saturating_sub(loose), end, reason))
}

/// `; prepare s from …;--`: any statement that is stacked behind the end of a literal and cuts off
/// what the application would add.
fn cut_off(view: &View<'_>, origin: Origin, mut lexer: Lexer<'_>) -> Judgement {
    let verb = lexer.next();
    let named = matches!(lexer.peek().kind, Kind::Word(_) | Kind::Text { .. } | Kind::Variable);
    let fits = verb.kind == Kind::Word(Word::Statement)
        && origin == (Origin::Quote { unbalanced: true })
        && named
        && view.is_short();
    let value = view.trimmed();
    let cut = value.ends_with(b"--") || value.ends_with(b"#") || value.ends_with(b"-- -");
    (fits && cut).then_some((72, verb.end, "a second statement"))
}

/// `' exec xp_…`: SQL Server needs no separator.
pub(super) fn without_separator(
    view: &View<'_>,
    origin: Origin,
    mut lexer: Lexer<'_>,
) -> Judgement {
    let unbalanced = origin == Origin::Quote { unbalanced: true };
    let verb = lexer.text(lexer.peek());
    let apart = !crate::detect::bytes::is_word(crate::detect::bytes::before(
        view.bytes,
        lexer.peek().start,
    )) && !matches!(
        crate::detect::bytes::before(view.bytes, lexer.peek().start),
        b'\'' | b'"' | b'`'
    );
    if !apart || !is_any(verb, &["exec", "execute", "waitfor", "declare", "if", "shutdown", "set"])
    {
        return None;
    }
    if origin == Origin::Start && !starts_with_number(view) {
        return None;
    }
    let (confidence, end, reason) = second_statement(view, &mut lexer)?;
    let bare = origin == Origin::Start && !view.is_prose();
    let loose = if (unbalanced || bare) && view.is_short() { 15 } else { 45 };
    Some((confidence.saturating_sub(loose), end, reason))
}

/// Whether the value stands in the place of a number.
pub(super) fn starts_with_number(view: &View<'_>) -> bool {
    let value = view.trimmed();
    value.first().is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b')'))
}

/// Reads one statement with an object to act on. A verb alone is prose.
fn second_statement(view: &View<'_>, lexer: &mut Lexer<'_>) -> Judgement {
    let mut verb = lexer.next();
    while verb.kind == Kind::Open
        && matches!(lexer.peek().kind, Kind::Word(Word::Select | Word::Heavy))
    {
        verb = lexer.next();
    }
    let word = lexer.text(verb);
    let object = lexer.peek();
    let object_text = lexer.text(object);
    let reason = "a second statement";
    if verb.kind == Kind::Word(Word::Select) {
        let query = condition::read(&mut Lexer::new(view, verb.start));
        let sure = query.is_unmistakable() && (query.heavy > 0 || query.selects > 1)
            || query.calls > 0
            || query.ending == Ending::Comment
            || query.ends_well() && query.literals > 0
            || matches!(object.kind, Kind::Operator | Kind::Variable | Kind::Number);
        return (query.operands > 0).then_some((if sure { 90 } else { 62 }, query.end, reason));
    }
    if verb.kind == Kind::Word(Word::Heavy) {
        let call = condition::read(&mut Lexer::new(view, verb.start));
        return (call.heavy > 0).then_some((
            85,
            call.end,
            "a call that takes time or reaches outside",
        ));
    }
    if verb.kind != Kind::Word(Word::Statement) {
        return None;
    }
    let known = |words: &[&str]| is_any(word, words);
    let matches_object = match object.kind {
        Kind::Word(Word::Object)
            if known(&[
                "drop", "create", "alter", "truncate", "rename", "backup", "restore", "load",
                "grant",
            ]) =>
        {
            object_of(lexer)
        }
        Kind::Word(Word::Into) => known(&["insert", "merge", "replace"]) && object_of(lexer),
        Kind::Word(Word::From) => known(&["delete"]) && object_of(lexer),
        Kind::Word(Word::Heavy) => known(&["exec", "execute", "call", "waitfor", "do", "begin"]),
        Kind::Word(Word::Object) if is_any(object_text, &["immediate", "master", "delay"]) => true,
        Kind::Variable => known(&["declare", "set", "exec", "execute", "print"]),
        Kind::Word(_) if known(&["call"]) => calls_with_arguments(lexer),
        Kind::Word(_) if known(&["begin"]) => has_heavy_call(lexer),
        Kind::Open if known(&["copy"]) => has_sql_inside(lexer) || followed_by(lexer, b"program"),
        Kind::Open | Kind::Text { .. } => {
            known(&["exec", "execute"]) && origin_argument(lexer)
                || known(&["if", "while"]) && has_sql_inside(lexer)
        }
        Kind::Word(_) if known(&["update"]) => followed_by(lexer, b"set"),
        Kind::Word(_) if known(&["exec", "execute"]) => is_procedure(lexer),
        Kind::Word(_) if known(&["copy"]) => {
            followed_by(lexer, b"from") || followed_by(lexer, b"to")
        }
        Kind::Number if known(&["if", "while"]) => has_sql_inside(lexer),
        Kind::End | Kind::Comment => known(&["shutdown", "reconfigure"]),
        Kind::Word(_) if known(&["shutdown"]) => {
            is_any(object_text, &["with", "immediate", "abort"])
        }
        _ => false,
    };
    matches_object.then_some((90, object.end, reason))
}

/// `call name(…(…))`: a procedure that is handed what another call makes.
fn calls_with_arguments(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let call = condition::read(&mut ahead);
    call.calls + call.heavy > 0 && call.ends_well()
}

/// `begin dbms_lock.sleep(5); end`: a block whose first statements wait or reach outside.
fn has_heavy_call(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    for _ in 0..12 {
        let token = ahead.next();
        match token.kind {
            Kind::Word(Word::Heavy) if ahead.peek().kind == Kind::Open => return true,
            Kind::Word(Word::Statement) if ahead.peek().kind == Kind::Variable => return true,
            Kind::End | Kind::Comment => return false,
            _ => {}
        }
    }
    false
}

/// Whether `exec` is given a text or a variable: `exec()` and `exec(name)` are other languages.
fn origin_argument(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let mut token = ahead.next();
    if token.kind == Kind::Open {
        token = ahead.next();
    }
    matches!(
        token.kind,
        Kind::Text { .. } | Kind::Variable | Kind::Word(Word::Heavy | Word::Function)
    )
}

/// Whether a name follows the object, and after it nothing that reads as prose.
fn object_of(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    ahead.next();
    let mut name = ahead.next();
    while is_any(ahead.text(name), &["if", "exists", "not", "only", "temporary"]) {
        name = ahead.next();
    }
    if !matches!(name.kind, Kind::Word(_) | Kind::Text { .. } | Kind::Variable) {
        return false;
    }
    let next = ahead.peek();
    let follows = is_any(
        ahead.text(next),
        &[
            "values",
            "select",
            "where",
            "set",
            "add",
            "modify",
            "cascade",
            "as",
            "with",
            "identified",
            "from",
            "to",
            "returns",
            "into",
            "on",
        ],
    );
    !matches!(next.kind, Kind::Word(_)) || follows
}

fn followed_by(lexer: &Lexer<'_>, word: &[u8]) -> bool {
    let mut ahead = *lexer;
    ahead.next();
    for _ in 0..4 {
        let token = ahead.next();
        if ahead.text(token).eq_ignore_ascii_case(word) {
            let column = ahead.next();
            let next = ahead.next();
            return matches!(column.kind, Kind::Word(_) | Kind::Text { .. })
                && matches!(next.kind, Kind::Compare | Kind::Dot | Kind::Text { .. } | Kind::End);
        }
    }
    false
}

/// `exec master..xp_…`, `exec sp_who`: a procedure, not a word of prose.
fn is_procedure(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let name = ahead.next();
    let underscored = ahead.text(name).contains(&b'_');
    underscored || matches!(ahead.peek().kind, Kind::Dot | Kind::Variable)
}

fn has_sql_inside(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let condition = condition::read(&mut ahead);
    let next = ahead.peek();
    condition.is_unmistakable()
        || matches!(next.kind, Kind::Word(Word::Statement | Word::Select)) && condition.operands > 0
}
