//! Percent encoding, with the `%uXXXX` of IIS.

use super::text::Text;
use crate::detect::bytes::at;
use crate::detect::scan::{Mask, class};

/// The value of a hexadecimal digit.
pub(super) fn hex(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}

/// `digits` hexadecimal digits from `start` on as a number.
pub(super) fn hex_number(bytes: &[u8], start: usize, digits: usize) -> Option<u32> {
    (start..start + digits).try_fold(0, |number, place| Some(number * 16 + hex(at(bytes, place))?))
}

/// The byte or code at `place`, which holds `%`, and its length.
fn escape(bytes: &[u8], place: usize) -> Option<(u32, usize)> {
    if matches!(at(bytes, place + 1), b'u' | b'U') {
        return hex_number(bytes, place + 2, 4).map(|code| (code, 6));
    }
    hex_number(bytes, place + 1, 2).map(|byte| (byte, 3))
}

/// Takes one layer off; a `+` beside escapes was a space.
pub(super) fn decode(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.any(class::PERCENT) {
        return None;
    }
    let bytes = &text.bytes;
    let first = memchr::memchr_iter(b'%', bytes).find(|&place| escape(bytes, place).is_some())?;
    let plus_is_space = memchr::memchr(b' ', bytes).is_none() && first < bytes.len();
    let mut out = text.builder();
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let escaped = if byte == b'%' { escape(bytes, place) } else { None };
        match escaped {
            Some((code, length)) => {
                out.push_code(code, place);
                place += length;
            }
            None => {
                out.push(if byte == b'+' && plus_is_space { b' ' } else { byte }, place);
                place += 1;
            }
        }
    }
    Some(out.finish())
}

/// `1+union+select`: a form that was encoded twice. Only between words and signs of code, so that
/// Base64 and telephone numbers stay what they are.
pub(super) fn spaces(text: &Text, mask: Mask) -> Option<Text> {
    let code =
        class::QUOTE | class::DOUBLE | class::PAREN | class::LESS | class::SEMICOLON | class::OTHER;
    if !mask.all(class::PLUS) || mask.any(class::SPACE | class::PERCENT) || !mask.any(code) {
        return None;
    }
    let bytes = &text.bytes;
    memchr::memchr_iter(b'+', bytes).nth(1)?;
    let mut out = text.builder();
    for (place, byte) in bytes.iter().enumerate() {
        out.push(if *byte == b'+' { b' ' } else { *byte }, place);
    }
    Some(out.finish())
}
