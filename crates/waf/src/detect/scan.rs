//! The cheap first pass over bytes: which classes of them occur. With the words of `signals.rs` it
//! gives a detector cause to look, so an ordinary value costs one look at each byte.

/// The set of byte classes that occur in a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mask(pub(super) u32);

/// One bit for each byte class.
pub(super) mod class {
    pub(in super::super) const QUOTE: u32 = 1;
    pub(in super::super) const DOUBLE: u32 = 1 << 1;
    pub(in super::super) const TICK: u32 = 1 << 2;
    pub(in super::super) const LESS: u32 = 1 << 3;
    pub(in super::super) const GREATER: u32 = 1 << 4;
    pub(in super::super) const AMP: u32 = 1 << 5;
    pub(in super::super) const SEMICOLON: u32 = 1 << 6;
    pub(in super::super) const PIPE: u32 = 1 << 7;
    pub(in super::super) const DOLLAR: u32 = 1 << 8;
    pub(in super::super) const BRACE: u32 = 1 << 9;
    pub(in super::super) const PAREN: u32 = 1 << 10;
    pub(in super::super) const PERCENT: u32 = 1 << 11;
    pub(in super::super) const BACKSLASH: u32 = 1 << 12;
    pub(in super::super) const SLASH: u32 = 1 << 13;
    pub(in super::super) const DOT: u32 = 1 << 14;
    pub(in super::super) const HASH: u32 = 1 << 15;
    pub(in super::super) const EQUALS: u32 = 1 << 16;
    pub(in super::super) const LINE: u32 = 1 << 17;
    pub(in super::super) const CONTROL: u32 = 1 << 18;
    pub(in super::super) const HIGH: u32 = 1 << 19;
    pub(in super::super) const COLON: u32 = 1 << 20;
    pub(in super::super) const SPACE: u32 = 1 << 21;
    pub(in super::super) const DIGIT: u32 = 1 << 22;
    pub(in super::super) const STAR: u32 = 1 << 23;
    pub(in super::super) const AT: u32 = 1 << 24;
    pub(in super::super) const PLUS: u32 = 1 << 25;
    pub(in super::super) const BRACKET: u32 = 1 << 26;
    pub(in super::super) const LETTER: u32 = 1 << 27;
    pub(in super::super) const OTHER: u32 = 1 << 28;
    /// What words and numbers consist of.
    pub(in super::super) const PLAIN: u32 = LETTER | DIGIT;
}

const CLASSES: [u32; 256] = classes();

const fn class_of(byte: u8) -> u32 {
    use class::*;
    match byte {
        b'\'' => QUOTE,
        b'"' => DOUBLE,
        b'`' => TICK,
        b'<' => LESS,
        b'>' => GREATER,
        b'&' => AMP,
        b';' => SEMICOLON,
        b'|' => PIPE,
        b'$' => DOLLAR,
        b'{' | b'}' => BRACE,
        b'(' | b')' => PAREN,
        b'%' => PERCENT,
        b'\\' => BACKSLASH,
        b'/' => SLASH,
        b'.' => DOT,
        b'#' => HASH,
        b'=' => EQUALS,
        b'\r' | b'\n' => LINE,
        b' ' | b'\t' => SPACE,
        0..=31 | 127 => CONTROL,
        128.. => HIGH,
        b':' => COLON,
        b'0'..=b'9' => DIGIT,
        b'*' => STAR,
        b'@' => AT,
        b'+' => PLUS,
        b'[' | b']' => BRACKET,
        b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' => LETTER,
        _ => OTHER,
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, index below 256")]
#[expect(clippy::cast_possible_truncation, reason = "index below 256")]
const fn classes() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = class_of(byte as u8);
        byte += 1;
    }
    table
}

impl Mask {
    /// The classes of `bytes`.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let class = |byte: &u8| CLASSES.get(usize::from(*byte)).copied().unwrap_or(0);
        Self(bytes.iter().fold(0, |mask, byte| mask | class(byte)))
    }

    /// Whether one of `classes` occurs.
    pub(super) fn any(self, classes: u32) -> bool {
        self.0 & classes != 0
    }

    /// Whether each of `classes` occurs.
    pub(super) fn all(self, classes: u32) -> bool {
        self.0 & classes == classes
    }

    /// Whether nothing but `classes` occurs.
    pub(super) fn only(self, classes: u32) -> bool {
        self.0 & !classes == 0
    }
}
