//! Backslash escapes of JavaScript, CSS, C and shells: `\x27`, `\u0027`, `\u{27}`, `\47`.

use super::text::Text;
use super::url::{hex, hex_number};
use crate::detect::bytes::{at, tail};
use crate::detect::scan::{Mask, class};

/// The code at `place`, which holds `\`, and its length; `None` where no code is spelt out. `is_single`:
/// no double quote stands in the text, so single ones were escaped for nothing.
fn escape(bytes: &[u8], place: usize, is_single: bool) -> Option<(u32, usize)> {
    match at(bytes, place + 1) {
        b'x' | b'X' => hex_number(bytes, place + 2, 2).map(|code| (code, 4)),
        b'u' | b'U' if at(bytes, place + 2) == b'{' => braced(bytes, place + 3),
        b'u' | b'U' => hex_number(bytes, place + 2, 4).map(|code| (code, 6)),
        b'0'..=b'7' => octal(bytes, place + 1),
        // Quotes escaped for a literal that the value does not stand in.
        b'\'' if is_single => Some((u32::from(b'\''), 2)),
        _ => None,
    }
}

fn braced(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let digits = tail(bytes, start).iter().take(7).take_while(|b| hex(**b).is_some()).count();
    let closed = at(bytes, start + digits) == b'}' && (1..=6).contains(&digits);
    closed.then(|| hex_number(bytes, start, digits)).flatten().map(|code| (code, digits + 4))
}

/// Three octal digits, as shells and C print them. Two are a back-reference more often, unless they
/// spell a sign that opens or closes something.
fn octal(bytes: &[u8], start: usize) -> Option<(u32, usize)> {
    let digit = |at_place: usize| char::from(at(bytes, at_place)).to_digit(8);
    let two = digit(start)? * 8 + digit(start + 1)?;
    match digit(start + 2) {
        Some(third) => Some((two * 8 + third, 4)).filter(|(code, _)| *code < 128),
        None => {
            let sign = u8::try_from(two).is_ok_and(|code| b"<>\"'(=".contains(&code));
            sign.then_some((two, 3))
        }
    }
}

/// Takes one layer off.
pub(super) fn decode(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.any(class::BACKSLASH) {
        return None;
    }
    let bytes = &text.bytes;
    let is_single = !mask.any(class::DOUBLE);
    memchr::memchr_iter(b'\\', bytes).find(|&place| escape(bytes, place, is_single).is_some())?;
    let mut out = text.builder();
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let escaped = if byte == b'\\' { escape(bytes, place, is_single) } else { None };
        match escaped {
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
