//! The value is SQL from end to end: a query, a statement about data or accounts, or a clause that
//! waits for the rest of the application's query before it.

use super::condition::{self, Ending};
use super::continuation::{Judgement, Origin, Verdict};
use super::statement;
use super::token::{Kind, Lexer, Token};
use super::words::Word;
use crate::detect::bytes::{is_any, part, tail};
use crate::detect::scan::class;
use crate::detect::view::View;

/// Tokens read of one list; no list of an attack is longer.
const TOKENS: usize = 64;

/// Reads `view` from its first word on.
pub(super) fn read(view: &View<'_>) -> Option<Verdict> {
    // A statement that ends in a semicolon or stands on several lines was written for a reader.
    let written = view.mask.any(class::LINE) || view.trimmed().ends_with(b";");
    if !view.is_short() || view.is_header() {
        return None;
    }
    // `?id=1 or …`: the value is a query string itself.
    let question = usize::from(view.bytes.first() == Some(&b'?'));
    let mut lexer = Lexer::new(view, question);
    let first = lexer.next();
    let accounts = is_any(lexer.text(first), &["create", "alter", "grant"]);
    let (confidence, end, reason) = match first.kind {
        Kind::Word(Word::Statement) if accounts && !view.mask.any(class::LINE) => {
            change(&mut lexer, first)
        }
        Kind::Word(Word::Select | Word::Statement) if written => None,
        Kind::Word(Word::Select) => query(&mut lexer),
        Kind::Word(Word::Statement) => change(&mut lexer, first),
        Kind::Word(Word::Where) => constant_filter(&mut lexer),
        Kind::Word(Word::Case) if is_any(lexer.text(first), &["as"]) => {
            lexer.next();
            let is_filter = lexer.next().kind == Kind::Word(Word::Where);
            if is_filter { constant_filter(&mut lexer) } else { None }
        }
        Kind::Word(Word::Order) => order(&mut lexer),
        Kind::Word(Word::Compare) if lexer.peek().kind == Kind::Open => compared(&mut lexer),
        Kind::Word(_) if lexer.peek().kind == Kind::Compare => tautology(&mut lexer),
        Kind::Word(_) if lexer.peek().kind == Kind::Open => super::asked::call(&lexer, first),
        Kind::Variable => super::asked::variable(&lexer, first),
        _ => None,
    }?;
    Some(Verdict { confidence, start: first.start, end, reason })
}

/// `select * from users`, `select a, b from t where c=1`, `select @@version`.
fn query(lexer: &mut Lexer<'_>) -> Judgement {
    let reason = "a query in the place of a value";
    let list = columns(lexer)?;
    if lexer.peek().kind != Kind::Word(Word::From) {
        return (list.is_telling && ends(lexer)).then_some((62, lexer.place(), reason));
    }
    lexer.next();
    let dotted = table(lexer)?;
    let next = lexer.peek();
    let telling = match next.kind {
        Kind::Word(Word::Where) => {
            lexer.next();
            let filter = condition::read(lexer);
            filter.compares > 0 && filter.ends_well()
        }
        Kind::Comment => true,
        Kind::End => list.is_telling || dotted,
        _ => false,
    };
    telling.then_some((62, lexer.place(), reason))
}

/// What stands between `select` and `from`.
struct Columns {
    /// `*`, a variable of the server, a call or several columns: no word of a sentence.
    is_telling: bool,
}

/// Columns with commas between them. Two words side by side are a sentence.
fn columns(lexer: &mut Lexer<'_>) -> Option<Columns> {
    let (mut is_telling, mut wants_operand) = (false, true);
    for _ in 0..TOKENS {
        let token = lexer.peek();
        match token.kind {
            Kind::Word(Word::From) | Kind::End | Kind::Semicolon | Kind::Comment => {
                return (!wants_operand).then_some(Columns { is_telling });
            }
            Kind::Operator if wants_operand && lexer.text(token) == b"*" => is_telling = true,
            Kind::Variable if lexer.text(token).starts_with(b"@@") => is_telling = true,
            Kind::Word(_) | Kind::Number | Kind::Text { closed: true } if wants_operand => {}
            Kind::Comma => {
                is_telling = true;
                wants_operand = true;
                lexer.next();
                continue;
            }
            Kind::Dot => {
                wants_operand = true;
                lexer.next();
                continue;
            }
            Kind::Open if !wants_operand => {
                pass_parentheses(lexer)?;
                is_telling = true;
                continue;
            }
            _ => return None,
        }
        if !wants_operand && !matches!(token.kind, Kind::Variable) {
            return None;
        }
        wants_operand = false;
        lexer.next();
    }
    None
}

fn pass_parentheses(lexer: &mut Lexer<'_>) -> Option<()> {
    let mut depth = 0_u32;
    for _ in 0..TOKENS {
        match lexer.next().kind {
            Kind::Open => depth += 1,
            Kind::Close if depth <= 1 => return Some(()),
            Kind::Close => depth -= 1,
            Kind::End | Kind::Comment => return None,
            _ => {}
        }
    }
    None
}

/// The name of a table; true when it says its schema too.
fn table(lexer: &mut Lexer<'_>) -> Option<bool> {
    if !matches!(lexer.next().kind, Kind::Word(_) | Kind::Text { closed: true }) {
        return None;
    }
    let dotted = lexer.peek().kind == Kind::Dot;
    if dotted {
        lexer.next();
        lexer.next();
    }
    Some(dotted)
}

fn ends(lexer: &Lexer<'_>) -> bool {
    matches!(lexer.peek().kind, Kind::End | Kind::Semicolon | Kind::Comment)
}

/// `insert into t (a) values (1)`, `create user n identified by 'p'`, `grant dba to n;`.
fn change(lexer: &mut Lexer<'_>, verb: Token) -> Judgement {
    const PRIVILEGES: &[&str] = &[
        "all", "connect", "resource", "dba", "select", "insert", "update", "delete", "execute",
        "usage", "create", "sysdba", "file", "super",
    ];
    let name = lexer.text(verb);
    let is = |words: &[&str]| is_any(name, words);
    let object = lexer.next();
    let text = lexer.text(object);
    let fits = match () {
        () if is(&["insert", "replace"]) => {
            object.kind == Kind::Word(Word::Into) && table(lexer).is_some() && gives_values(lexer)
        }
        () if is(&["create", "alter"]) && is_any(text, &["user", "login", "role"]) => {
            lexer.next();
            let told = lexer.next();
            is_any(lexer.text(told), &["identified", "with"])
                && is_any(lexer.text(lexer.peek()), &["by", "password", "superuser"])
        }
        () if is(&["grant"]) && is_any(text, PRIVILEGES) => {
            let to = lexer.next();
            lexer.next();
            is_any(lexer.text(to), &["to", "on", "privileges"])
                && matches!(lexer.peek().kind, Kind::Semicolon | Kind::Comment | Kind::End)
        }
        () if is(&["if"]) && object.kind == Kind::Open => branches(lexer),
        () if is(&["print"]) => text.starts_with(b"@@"),
        () if is(&["drop", "truncate"]) && object.kind == Kind::Word(Word::Object) => drops(lexer),
        () if is(&["delete"]) && object.kind == Kind::Word(Word::From) => {
            table(lexer).is_some() && filters(lexer)
        }
        () if is(&["update"]) => sets(lexer),
        () => false,
    };
    fits.then_some((62, lexer.place(), "a statement in the place of a value"))
}

/// `drop table users`: a name of one word, and the end.
fn drops(lexer: &mut Lexer<'_>) -> bool {
    for _ in 0..2 {
        if is_any(lexer.text(lexer.peek()), &["if", "exists"]) {
            lexer.next();
        }
    }
    table(lexer).is_some()
        && (ends(lexer) || is_any(lexer.text(lexer.peek()), &["cascade", "purge"]))
}

/// `where a = 1`, and the end.
fn filters(lexer: &mut Lexer<'_>) -> bool {
    if lexer.next().kind != Kind::Word(Word::Where) {
        return false;
    }
    let filter = condition::read(lexer);
    filter.compares > 0 && filter.ends_well()
}

/// `set a = 1 where b = 2` behind the name of a table, and the end.
fn sets(lexer: &mut Lexer<'_>) -> bool {
    let word = lexer.next();
    if !is_any(lexer.text(word), &["set"]) {
        return false;
    }
    for _ in 0..TOKENS {
        match lexer.next().kind {
            Kind::Word(Word::Where) => {
                let filter = condition::read(lexer);
                return filter.compares > 0 && filter.ends_well();
            }
            Kind::End | Kind::Comment | Kind::Semicolon => return false,
            _ => {}
        }
    }
    false
}

/// `(a, b) values (…)`, `values (…)`.
fn gives_values(lexer: &mut Lexer<'_>) -> bool {
    if lexer.peek().kind == Kind::Open && pass_parentheses(lexer).is_none() {
        return false;
    }
    let values = lexer.next();
    is_any(lexer.text(values), &["values", "value"]) && lexer.peek().kind == Kind::Open
}

/// `if(1=1) select 1 else drop …`: constants are compared, and a statement follows.
fn branches(lexer: &mut Lexer<'_>) -> bool {
    let compared = condition::read(lexer);
    let next = lexer.peek().kind;
    compared.compares > 0
        && compared.literals == compared.operands
        && matches!(next, Kind::Word(Word::Select | Word::Statement))
}

/// `where 1=1`: the table stands in the application's query.
fn constant_filter(lexer: &mut Lexer<'_>) -> Judgement {
    let filter = condition::read(lexer);
    let constant = filter.compares > 0 && filter.literals == filter.operands && filter.ends_well();
    constant.then_some((66, filter.end, "a condition of constants in the place of a value"))
}

/// `order by 1,sleep(5)`.
fn order(lexer: &mut Lexer<'_>) -> Judgement {
    if lexer.next().kind != Kind::Word(Word::By) {
        return None;
    }
    for _ in 0..TOKENS {
        let item = condition::read(lexer);
        if item.is_unmistakable() {
            return Some((78, item.end, "a clause of a query with a call that takes time"));
        }
        if item.operands == 0 || lexer.peek().kind != Kind::Comma {
            return None;
        }
        lexer.next();
    }
    None
}

/// `rlike (select …)`: what is compared stands in the application's query.
fn compared(lexer: &mut Lexer<'_>) -> Judgement {
    let expression = condition::read(lexer);
    let sure = expression.is_unmistakable() && expression.ends_well();
    sure.then_some((78, expression.end, "a comparison with a query"))
}

/// `id=1 or 1=1`: a whole condition that is always true, or ends in a comment.
fn tautology(lexer: &mut Lexer<'_>) -> Judgement {
    lexer.next();
    if !matches!(lexer.next().kind, Kind::Number | Kind::Text { .. }) {
        return None;
    }
    let joint = lexer.next();
    if joint.kind != Kind::Word(Word::Logic) && joint.kind != Kind::Logic {
        return None;
    }
    let condition = condition::read(lexer);
    let constant = condition.compares > 0 && condition.literals == condition.operands
        || condition.is_unmistakable()
        || condition.calls > 0 && condition.selects > 0;
    let ends = matches!(condition.ending, Ending::End | Ending::Comment);
    (constant && ends).then_some((
        66,
        condition.end,
        "a condition of constants in the place of a value",
    ))
}

/// A call that takes time or reaches outside, somewhere behind the end of a literal: nothing else
/// explains it, even where the reading got lost before it.
pub(super) fn call_behind(view: &View<'_>, origin: Origin, place: usize) -> Option<Verdict> {
    let left = origin == (Origin::Quote { unbalanced: true })
        || origin == Origin::Start && statement::starts_with_number(view);
    if !left || !view.is_short() {
        return None;
    }
    let mut lexer = Lexer::new(view, place);
    let joint = lexer.peek().kind;
    if !matches!(joint, Kind::Word(_) | Kind::Close | Kind::Comma | Kind::Semicolon | Kind::Logic) {
        return None;
    }
    for _ in 0..TOKENS {
        let token = lexer.next();
        let called = matches!(lexer.peek().kind, Kind::Open | Kind::Dot);
        match token.kind {
            Kind::Word(Word::Heavy) if called && lexer.text(token).contains(&b'_') => {
                let reason = "a call that takes time or reaches outside";
                return Some(Verdict { confidence: 72, start: place, end: token.end, reason });
            }
            Kind::End | Kind::Comment => return None,
            _ => {}
        }
    }
    None
}

/// `' and …--`: a word of SQL right behind the end of a literal, and a comment at the very end.
pub(super) fn cut_behind(view: &View<'_>, origin: Origin, place: usize) -> Option<Verdict> {
    let value = view.trimmed();
    let cut = [&b"--"[..], b"-- -", b"--+", b"/*"].iter().any(|sign| value.ends_with(sign));
    if origin != (Origin::Quote { unbalanced: true }) || !view.is_short() || !cut {
        return None;
    }
    let mut lexer = Lexer::new(view, place);
    let mut joint = lexer.next();
    while matches!(joint.kind, Kind::Close | Kind::Semicolon) {
        joint = lexer.next();
    }
    let joins = matches!(
        joint.kind,
        Kind::Word(
            Word::Logic | Word::Select | Word::Union | Word::Where | Word::Order | Word::From
        )
    );
    let reason = "a comment cuts off the rest of the query";
    let telling = joins && !matches!(lexer.peek().kind, Kind::Comment | Kind::End);
    telling.then_some(Verdict { confidence: 66, start: place, end: joint.end, reason })
}

/// `'--x`, a line break and no word: what the application would add is cut off on a line of its own.
pub(super) fn line_cut_off(
    view: &View<'_>,
    origin: Origin,
    place: usize,
    mut lexer: Lexer<'_>,
) -> Option<Verdict> {
    let next = lexer.next();
    let rest = tail(view.bytes, next.start);
    let signs = rest.len() <= 8 && !rest.iter().any(u8::is_ascii_alphanumeric);
    let value = view.trimmed();
    let word = value.len() <= 48 && !part(view.bytes, 0, place).contains(&b' ');
    let lined = view.mask.any(class::LINE) && lexer.saw_comment && word;
    let cut = origin == (Origin::Quote { unbalanced: true }) && lined && signs;
    let reason = "a comment cuts off the rest of the query";
    cut.then_some(Verdict { confidence: 66, start: place, end: next.end, reason })
}
