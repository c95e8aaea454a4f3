//! SQL as tokens, in the union of the dialects: what one database takes for white space, a comment
//! or a literal counts as such.

use crate::detect::bytes::{at, is_word, part, tail, trimmed};
use crate::detect::view::View;

use super::words::{Word, lookup};

/// The kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The input ended.
    End,
    /// A number in any notation.
    Number,
    /// A literal or quoted name; not closed when the input ended in it.
    Text { closed: bool },
    /// A word.
    Word(Word),
    /// `@name`, `@@name`, `:name`, `$1`.
    Variable,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `.`
    Dot,
    /// `=`, `<>`, `<=>` and their like.
    Compare,
    /// `||`, `&&`.
    Logic,
    /// Arithmetic and bit operators, `->`, `::`.
    Operator,
    /// A comment that hides the rest of the input.
    Comment,
    /// Anything that no dialect knows.
    Unknown,
}

/// A token with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Bytes that are read from one place on.
const WINDOW: usize = 1_536;

/// Reads tokens from a place on. Copying it is looking ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Whether something was skipped that only SQL takes for white space.
    pub(super) saw_comment: bool,
    view: &'a View<'a>,
}

/// What a token costs beside its bytes.
const TOKEN: usize = 10;

impl<'a> Lexer<'a> {
    /// Reads `view` from `start` on, as far as an injection ever needs to show itself.
    pub(super) fn new(view: &'a View<'a>, start: usize) -> Self {
        Self { bytes: part(view.bytes, 0, start + WINDOW), at: start, saw_comment: false, view }
    }

    /// The place of the next byte.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The text of `token`.
    pub(super) fn text(&self, token: Token) -> &'a [u8] {
        part(self.bytes, token.start, token.end)
    }

    /// The next token, without moving on.
    pub(super) fn peek(&self) -> Token {
        let mut ahead = *self;
        ahead.next()
    }

    /// The next token.
    pub(super) fn next(&mut self) -> Token {
        let from = self.at;
        let token = self.skip_blanks().unwrap_or_else(|| {
            let start = self.at;
            let kind = self.read();
            Token { kind, start, end: self.at }
        });
        self.view.count(TOKEN + self.at - from);
        token
    }

    /// Passes one of `signs` if it comes next, whatever token it would be part of.
    pub(super) fn pass_sign(&mut self, signs: &[&[u8]]) -> bool {
        let mut ahead = *self;
        let is_over = ahead.skip_blanks().is_some();
        self.view.count(TOKEN + ahead.at - self.at);
        if is_over {
            return false;
        }
        let rest = tail(ahead.bytes, ahead.at);
        let Some(sign) = signs.iter().find(|sign| rest.starts_with(sign)) else { return false };
        ahead.at += sign.len();
        *self = ahead;
        true
    }

    /// Skips white space and comments; a comment that swallows the rest is a token.
    fn skip_blanks(&mut self) -> Option<Token> {
        loop {
            let start = self.at;
            let rest = tail(self.bytes, start);
            let byte = *rest.first()?;
            if matches!(byte, 0..=32 | 0xa0) {
                self.at += 1;
            } else if rest.starts_with(b"\xc2\xa0") {
                self.at += 2;
            } else if rest.starts_with(b"/*!") {
                self.saw_comment = true;
                self.at += 3;
                self.at += tail(self.bytes, self.at)
                    .iter()
                    .take_while(|b| b.is_ascii_digit())
                    .count()
                    .min(6);
            } else if let Some(length) = empty_exponent(rest).filter(|_| start > 0) {
                self.saw_comment = true;
                self.at += length;
            } else if rest.starts_with(b"*/") && self.saw_comment {
                self.at += 2;
            } else if rest.starts_with(b"/*") {
                self.saw_comment = true;
                match memchr::memmem::find(tail(rest, 2), b"*/") {
                    Some(end) => self.at += end + 4,
                    None => return Some(self.comment(start)),
                }
            } else if rest.starts_with(b"--") || byte == b'#' && !is_json_operator(rest) {
                match memchr::memchr(b'\n', rest) {
                    Some(end) => {
                        self.saw_comment = true;
                        self.at += end + 1;
                    }
                    None => return Some(self.comment(start)),
                }
            } else {
                return None;
            }
        }
    }

    fn comment(&mut self, start: usize) -> Token {
        self.at = self.bytes.len();
        Token { kind: Kind::Comment, start, end: self.at }
    }

    fn read(&mut self) -> Kind {
        let rest = tail(self.bytes, self.at);
        let Some(&byte) = rest.first() else { return Kind::End };
        let next = at(rest, 1);
        let (kind, length) = match byte {
            b'\'' | b'"' | b'`' => return self.literal(byte),
            b'0'..=b'9' => (Kind::Number, number(rest)),
            b'.' if next.is_ascii_digit() => (Kind::Number, 1 + number(tail(rest, 1))),
            b'(' => (Kind::Open, 1),
            b')' => (Kind::Close, 1),
            b',' => (Kind::Comma, 1),
            b';' => (Kind::Semicolon, 1),
            b'.' => (Kind::Dot, 1),
            b'@' | b':' if next == byte || is_word(next) || matches!(next, b'\'' | b'`') => {
                self.variable(rest)
            }
            b'$' if is_word(next) => self.variable(rest),
            b'|' if next == b'|' => (Kind::Logic, 2),
            b'&' if next == b'&' => (Kind::Logic, 2),
            b'=' | b'<' | b'>' | b'!' | b'~' => operator(rest),
            b'?' if trimmed(rest).iter().all(|b| *b == b'?') => (Kind::Unknown, 1),
            b'?' | b'#' => (Kind::Compare, run_of(rest, b"?#|&>-")),
            b'@' if matches!(next, b'>' | b'?') => (Kind::Compare, 2),
            b'-' if next == b'>' => (Kind::Operator, run_of(rest, b"->")),
            b'+' | b'-' | b'*' | b'/' | b'%' | b'^' | b'|' | b'&' | b':' => (Kind::Operator, 1),
            b'{' | b'}' => (Kind::Operator, 1),
            b'[' => (Kind::Text { closed: true }, bracketed(rest)),
            _ if is_word(byte) || byte >= 0x80 => return self.word(rest),
            _ => (Kind::Unknown, 1),
        };
        self.at += length;
        kind
    }

    fn variable(&self, rest: &[u8]) -> (Kind, usize) {
        if rest.starts_with(b"::") {
            return (Kind::Operator, 2);
        }
        let signs =
            rest.iter().take_while(|b| matches!(b, b'@' | b':' | b'$' | b'`' | b'\'')).count();
        let name = tail(rest, signs).iter().take_while(|&&b| is_word(b) || b == b'.').count();
        (Kind::Variable, signs + name)
    }

    fn literal(&mut self, quote: u8) -> Kind {
        let mut place = self.at + 1;
        let escape = if quote == b'`' { quote } else { b'\\' };
        while let Some(found) = memchr::memchr2(quote, escape, tail(self.bytes, place)) {
            place += found;
            if at(self.bytes, place) != quote {
                place += 2;
                continue;
            }
            place += 1;
            if at(self.bytes, place) == quote && place > self.at + 2 {
                place += 1;
                continue;
            }
            self.at = place;
            return Kind::Text { closed: true };
        }
        self.at = self.bytes.len();
        Kind::Text { closed: false }
    }

    fn word(&mut self, rest: &[u8]) -> Kind {
        let length = rest
            .iter()
            .take_while(|&&b| is_word(b) || b == b'$' || (b >= 0x80 && b != 0xa0))
            .count()
            .max(1);
        let word = part(rest, 0, length);
        // N'text', x'41', _utf8'text': the prefix belongs to the literal.
        let prefixed = length <= 8
            && matches!(at(rest, length), b'\'')
            && (word.len() == 1 || word.first() == Some(&b'_'))
            && matches!(
                word.first(),
                Some(b'n' | b'N' | b'x' | b'X' | b'b' | b'B' | b'e' | b'E' | b'_')
            );
        self.at += length;
        if prefixed {
            return self.literal(b'\'');
        }
        Kind::Word(lookup(word))
    }
}

/// The length of a number: decimal, hexadecimal, binary, with exponent.
fn number(rest: &[u8]) -> usize {
    if at(rest, 0) == b'0' && matches!(at(rest, 1), b'x' | b'X' | b'b' | b'B') {
        let digits = tail(rest, 2).iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if digits > 0 {
            return 2 + digits;
        }
    }
    let mut length = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    if matches!(at(rest, length), b'e' | b'E') {
        let sign = usize::from(matches!(at(rest, length + 1), b'+' | b'-'));
        let digits =
            tail(rest, length + 1 + sign).iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 {
            length += 1 + sign + digits;
        } else if !is_word(at(rest, length + 1)) {
            // `1e(`, `1eunion`: MySQL ends the number after the letter.
            length += 1;
        }
    }
    length.max(1)
}

/// `1.e(`, `1.e)`, `1.e,`: MySQL reads a number without its exponent and drops it.
pub(super) fn empty_exponent(rest: &[u8]) -> Option<usize> {
    let digits = rest.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
    let dropped = digits > 0
        && at(rest, digits) == b'.'
        && matches!(at(rest, digits + 1), b'e' | b'E')
        && matches!(at(rest, digits + 2), b'(' | b')' | b',' | b'*' | b'|' | b'.');
    dropped.then_some(digits + 2)
}

fn operator(rest: &[u8]) -> (Kind, usize) {
    let length = rest
        .iter()
        .take_while(|b| matches!(b, b'=' | b'<' | b'>' | b'!' | b'~' | b'@' | b'?' | b'|'))
        .count();
    match part(rest, 0, length.min(3)) {
        b"~" | b"!" | b"<<" | b">>" | b"!!" => (Kind::Operator, length.max(1)),
        _ => (Kind::Compare, length.clamp(1, 3)),
    }
}

/// The length of the run of `signs` that begins `rest`, at least one.
fn run_of(rest: &[u8], signs: &[u8]) -> usize {
    rest.iter().take(4).take_while(|byte| signs.contains(byte)).count().max(1)
}

/// `#>`, `#>>`, `#-` of PostgreSQL before a literal; else the sign begins a comment of MySQL.
fn is_json_operator(rest: &[u8]) -> bool {
    let length = run_of(rest, b"#>-");
    length > 1 && matches!(at(rest, length), b' ' | b'\'')
}

/// `[name]` of SQL Server.
fn bracketed(rest: &[u8]) -> usize {
    let name = tail(rest, 1).iter().take(64).take_while(|&&b| is_word(b) || b == b' ').count();
    if at(rest, name + 1) == b']' { name + 2 } else { 1 }
}
