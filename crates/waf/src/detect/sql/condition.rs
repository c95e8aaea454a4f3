//! Reading a condition or an expression from the middle of a query.

use super::token::{Kind, Lexer, Token};
use super::words::Word;
use crate::detect::bytes::is_any;

/// Tokens looked at after one break-out. No attack needs more to show itself.
const TOKENS: usize = 64;

/// How the text goes on after an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The input ended, perhaps within a literal that the application closes.
    End,
    /// A comment hides what the application would have added.
    Comment,
    /// Another clause or statement of SQL follows.
    Clause,
    /// Something that is no SQL.
    Other,
}

/// What an expression consists of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expression {
    /// Operands.
    pub(super) operands: u32,
    /// Operands that are literals or numbers.
    pub(super) literals: u32,
    /// Comparisons.
    pub(super) compares: u32,
    /// Arithmetic and concatenation.
    pub(super) operators: u32,
    /// `or`, `and`, `||`, `&&` within it.
    pub(super) logic: u32,
    /// Calls of functions that attacks lean on.
    pub(super) calls: u32,
    /// Calls that take time or reach outside, and catalogues.
    pub(super) heavy: u32,
    /// Queries in parentheses.
    pub(super) selects: u32,
    /// `from` in them.
    pub(super) froms: u32,
    /// `when … then` of a `case`.
    pub(super) cases: u32,
    /// Operators of JSON before a literal.
    pub(super) documents: u32,
    /// Whether the first `case` has a `when … then`; `None` before there is one.
    pub(super) branches: Option<bool>,
    /// How the text goes on.
    pub(super) ending: Ending,
    /// Where it ends.
    pub(super) end: usize,
}

impl Expression {
    fn new(start: usize) -> Self {
        Self {
            operands: 0,
            literals: 0,
            compares: 0,
            operators: 0,
            logic: 0,
            calls: 0,
            heavy: 0,
            selects: 0,
            froms: 0,
            cases: 0,
            documents: 0,
            branches: None,
            ending: Ending::Other,
            end: start,
        }
    }

    /// Whether nothing but SQL can explain it.
    pub(super) fn is_unmistakable(&self) -> bool {
        self.heavy > 0
            || self.cases > 0 && self.operands > 1
            || self.selects > 0 && (self.froms > 0 || self.calls > 0 || self.literals > 0)
    }

    /// Whether the text after it fits a query.
    pub(super) fn ends_well(&self) -> bool {
        self.ending != Ending::Other
    }
}

/// Reads an expression as far as it goes.
pub(super) fn read(lexer: &mut Lexer<'_>) -> Expression {
    let mut expression = Expression::new(lexer.place());
    let mut wants_operand = true;
    let mut depth = 0_u32;
    for _ in 0..TOKENS {
        let token = lexer.peek();
        let before = *lexer;
        lexer.next();
        let step = if wants_operand {
            operand(lexer, token, &mut expression, &mut depth)
        } else {
            joint(lexer, token, &mut expression, &mut depth)
        };
        match step {
            Step::Operand => wants_operand = true,
            Step::Joint => wants_operand = false,
            Step::Stop(ending) => {
                *lexer = before;
                expression.ending = ending;
                return expression;
            }
        }
        expression.end = lexer.place();
    }
    expression.ending = Ending::Clause;
    expression
}

enum Step {
    /// An operand comes next.
    Operand,
    /// An operator comes next.
    Joint,
    /// The expression is over.
    Stop(Ending),
}

fn operand(lexer: &mut Lexer<'_>, token: Token, seen: &mut Expression, depth: &mut u32) -> Step {
    let kind = token.kind;
    match kind {
        Kind::Open => {
            *depth += 1;
            Step::Operand
        }
        // `f()` and `in ()` have nothing between the parentheses.
        Kind::Close if *depth > 0 => {
            *depth -= 1;
            Step::Joint
        }
        Kind::Operator => Step::Operand,
        Kind::Word(Word::Case) if is_any(lexer.text(token), &["case"]) => {
            // What the first one sees holds for those behind it: nobody looks again.
            let branches = *seen.branches.get_or_insert_with(|| has_branches(lexer));
            seen.cases += u32::from(branches);
            Step::Operand
        }
        Kind::Word(Word::Prefix | Word::All | Word::Case | Word::Compare) => {
            if lexer.peek().kind == Kind::End {
                return Step::Stop(Ending::Other);
            }
            Step::Operand
        }
        Kind::Word(Word::Select) => {
            // Without a parenthesis before it, only the first word can be one.
            let nested =
                *depth > 0 || seen.operands == 0 && seen.operators == 0 && seen.compares == 0;
            let next = lexer.peek().kind;
            let list =
                !matches!(next, Kind::Logic | Kind::Close | Kind::Word(Word::Logic) | Kind::End);
            seen.selects += u32::from(nested && list);
            Step::Operand
        }
        Kind::Word(Word::Literal) if lexer.peek().kind == Kind::Open => {
            lexer.next();
            *depth += 1;
            seen.operands += 1;
            Step::Operand
        }
        Kind::Number | Kind::Text { .. } | Kind::Word(Word::Literal) => {
            seen.operands += 1;
            seen.literals += 1;
            if kind == (Kind::Text { closed: false }) {
                seen.end = lexer.place();
                return Step::Stop(Ending::End);
            }
            Step::Joint
        }
        Kind::Variable => {
            seen.operands += 1;
            Step::Joint
        }
        Kind::Word(word) => name(lexer, token, word, seen, depth),
        Kind::End => Step::Stop(Ending::End),
        Kind::Comment => Step::Stop(Ending::Comment),
        _ => Step::Stop(Ending::Other),
    }
}

/// Whether `case` is followed by `when … then`, as far as one looks.
fn has_branches(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    let mut when = false;
    for _ in 0..TOKENS {
        let token = ahead.next();
        let text = ahead.text(token);
        match token.kind {
            Kind::End | Kind::Comment | Kind::Semicolon => return false,
            Kind::Word(Word::Case) if is_any(text, &["when"]) => when = true,
            Kind::Word(Word::Case) if is_any(text, &["then"]) => return when,
            _ => {}
        }
    }
    false
}

/// A column, a function, a catalogue.
fn name(
    lexer: &mut Lexer<'_>,
    token: Token,
    word: Word,
    seen: &mut Expression,
    depth: &mut u32,
) -> Step {
    seen.operands += 1;
    let called = lexer.peek().kind == Kind::Open;
    match word {
        Word::Heavy
            if called && has_plain_argument(lexer)
                || lexer.peek().kind == Kind::Dot && lexer.text(token).contains(&b'_') =>
        {
            seen.heavy += 1
        }
        Word::Schema => seen.heavy += 1,
        Word::Function if called => seen.calls += 1,
        Word::From if seen.selects > 0 => {
            seen.froms += 1;
            return Step::Operand;
        }
        Word::From | Word::Where if seen.selects == 0 => return Step::Stop(Ending::Clause),
        _ => {}
    }
    while lexer.peek().kind == Kind::Dot {
        lexer.next();
        let member = lexer.peek().kind;
        if !matches!(member, Kind::Word(_) | Kind::Operator | Kind::Text { .. }) {
            break;
        }
        let long = lexer.text(lexer.peek()).contains(&b'_');
        if long && matches!(member, Kind::Word(Word::Heavy | Word::Schema)) {
            seen.heavy += 1;
        }
        lexer.next();
    }
    let reached = seen.heavy > 0 && lexer.peek().kind == Kind::Open;
    if reached || called && lexer.peek().kind == Kind::Open {
        lexer.next();
        *depth += 1;
        return Step::Operand;
    }
    Step::Joint
}

/// Whether the call has an argument that SQL would take and a programming language rarely has: no
/// bare name, as in `sleep(Duration::from_secs(1))`.
fn has_plain_argument(lexer: &Lexer<'_>) -> bool {
    let mut ahead = *lexer;
    ahead.next();
    !matches!(
        ahead.next().kind,
        Kind::Word(Word::Other | Word::Object) | Kind::Close | Kind::Unknown
    )
}

/// `->> 'key'`, `@> '{}'`, `?| array[…]`: an operator of JSON before what it takes.
fn reads_document(lexer: &Lexer<'_>, token: Token) -> bool {
    const OPERATORS: &[&[u8]] =
        &[b"->", b"->>", b"#>", b"#>>", b"#-", b"@>", b"<@", b"@?", b"@@", b"?|", b"?&"];
    if !matches!(token.kind, Kind::Operator | Kind::Compare)
        || !OPERATORS.contains(&lexer.text(token))
    {
        return false;
    }
    let next = lexer.peek();
    matches!(next.kind, Kind::Text { .. } | Kind::Number) || is_any(lexer.text(next), &["array"])
}

fn joint(lexer: &mut Lexer<'_>, token: Token, seen: &mut Expression, depth: &mut u32) -> Step {
    seen.documents += u32::from(reads_document(lexer, token));
    match token.kind {
        Kind::Compare | Kind::Word(Word::Compare) => {
            seen.compares += 1;
            Step::Operand
        }
        Kind::Word(Word::Prefix) => Step::Operand,
        // `'[1,2]'::jsonb`: the type belongs to the literal.
        Kind::Operator
            if lexer.text(token) == b"::" && matches!(lexer.peek().kind, Kind::Word(_)) =>
        {
            seen.operators += 1;
            lexer.next();
            Step::Joint
        }
        Kind::Operator => {
            seen.operators += 1;
            Step::Operand
        }
        Kind::Logic | Kind::Word(Word::Logic) => {
            seen.logic += 1;
            Step::Operand
        }
        Kind::Comma if *depth > 0 || seen.selects > 0 => Step::Operand,
        Kind::Word(Word::Case) if seen.cases > 0 && is_any(lexer.text(token), &["end"]) => {
            Step::Joint
        }
        Kind::Word(word @ (Word::From | Word::Where | Word::Case | Word::Object))
            if *depth > 0 || seen.selects > 0 || seen.cases > 0 && word == Word::Case =>
        {
            seen.froms += u32::from(word == Word::From);
            Step::Operand
        }
        Kind::Close => {
            *depth = depth.saturating_sub(1);
            Step::Joint
        }
        // `'a' 'b'` is one literal, and a literal without its end is the application's to close.
        Kind::Text { closed } if seen.literals > 0 => {
            seen.literals += 1;
            seen.end = lexer.place();
            if closed { Step::Joint } else { Step::Stop(Ending::End) }
        }
        Kind::Word(
            Word::Union | Word::Order | Word::Clause | Word::Into | Word::Procedure | Word::By,
        ) => Step::Stop(Ending::Clause),
        Kind::Semicolon => {
            let next = lexer.peek().kind;
            let ends = matches!(next, Kind::End | Kind::Comment);
            Step::Stop(if ends { Ending::Comment } else { Ending::Other })
        }
        Kind::End => Step::Stop(Ending::End),
        Kind::Comment => Step::Stop(Ending::Comment),
        // `from catalogue:table` of Informix.
        Kind::Variable if seen.froms > 0 => Step::Joint,
        // `where 1=1 waitfor delay …`: SQL Server needs no separator.
        Kind::Word(Word::Statement) if is_any(lexer.text(token), &["waitfor"]) => {
            Step::Stop(Ending::Clause)
        }
        // `select top 1 name`.
        Kind::Number if seen.selects > 0 => Step::Joint,
        // `select a b`: an alias. Outside a query it is prose.
        Kind::Word(_) if seen.selects > 0 => Step::Joint,
        Kind::Open if seen.selects > 0 => {
            *depth += 1;
            Step::Operand
        }
        _ => Step::Stop(Ending::Other),
    }
}
