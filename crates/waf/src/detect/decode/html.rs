//! Character references of HTML.

use super::text::Text;
use super::url::hex;
use crate::detect::bytes::{at, part, starts_with_any, tail};
use crate::detect::scan::{Mask, class};

/// The names attacks need. They are few: the others are letters and signs of text.
const NAMES: &[(&str, u32)] = &[
    ("lt", 0x3c),
    ("gt", 0x3e),
    ("quot", 0x22),
    ("apos", 0x27),
    ("amp", 0x26),
    ("colon", 0x3a),
    ("lpar", 0x28),
    ("rpar", 0x29),
    ("tab", 9),
    ("newline", 10),
    ("nbsp", 0x20),
    ("sol", 0x2f),
    ("bsol", 0x5c),
    ("equals", 0x3d),
    ("comma", 0x2c),
    ("period", 0x2e),
    ("semi", 0x3b),
    ("lbrace", 0x7b),
    ("lcub", 0x7b),
    ("rbrace", 0x7d),
    ("rcub", 0x7d),
    ("lbrack", 0x5b),
    ("lsqb", 0x5b),
    ("rbrack", 0x5d),
    ("rsqb", 0x5d),
    ("dollar", 0x24),
    ("percnt", 0x25),
    ("num", 0x23),
    ("grave", 0x60),
    ("diacriticalgrave", 0x60),
    ("verbar", 0x7c),
    ("vert", 0x7c),
    ("excl", 0x21),
    ("plus", 0x2b),
    ("ast", 0x2a),
    ("lowbar", 0x5f),
    ("commat", 0x40),
    ("hat", 0x5e),
];

/// The character reference at the start of `bytes`, which hold `&`, and its length; `None` when
/// there is none.
pub(in crate::detect) fn entity(bytes: &[u8]) -> Option<(u32, usize)> {
    if at(bytes, 1) == b'#' {
        return numeric(bytes);
    }
    let length = tail(bytes, 1).iter().take(20).take_while(|b| b.is_ascii_alphabetic()).count();
    let name = part(bytes, 1, 1 + length);
    let ended = at(bytes, 1 + length) == b';';
    let found = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
    match found {
        Some((_, code)) if ended => Some((*code, length + 2)),
        // Old names need no semicolon.
        Some((known, code)) if matches!(*known, "lt" | "gt" | "quot" | "amp") => {
            Some((*code, length + 1))
        }
        // `&ltscript`: in a text the two oldest names end where they end.
        _ => ["lt", "gt"]
            .iter()
            .zip([0x3c, 0x3e])
            .find(|(known, _)| starts_with_any(name, &[known]))
            .map(|(_, code)| (code, 3)),
    }
}

fn numeric(bytes: &[u8]) -> Option<(u32, usize)> {
    let hexadecimal = matches!(at(bytes, 2), b'x' | b'X');
    let start = if hexadecimal { 3 } else { 2 };
    let radix = if hexadecimal { 16 } else { 10 };
    let digit = |byte: u8| if hexadecimal { hex(byte) } else { char::from(byte).to_digit(10) };
    let mut code = 0_u32;
    let mut place = start;
    while let Some(value) = digit(at(bytes, place)) {
        code = code.saturating_mul(radix).saturating_add(value);
        place += 1;
        if place > start + 12 {
            return None;
        }
    }
    if place == start || code > 0x10_ffff {
        return None;
    }
    Some((code, place + usize::from(at(bytes, place) == b';')))
}

/// Takes one layer off.
pub(super) fn decode(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.any(class::AMP) {
        return None;
    }
    let bytes = &text.bytes;
    memchr::memchr_iter(b'&', bytes).find(|&place| entity(tail(bytes, place)).is_some())?;
    let mut out = text.builder();
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let reference = if byte == b'&' { entity(tail(bytes, place)) } else { None };
        match reference {
            Some((code, length)) => {
                out.push_code(code, place);
                place += length;
            }
            None => {
                out.push(byte, place);
                place += 1;
            }
        }
    }
    Some(out.finish())
}
