//! `cssDecode`: the escapes of CSS 2.

use super::bytes::{hex_digit, is_space};

/// Decodes `\\` with one to six hexadecimal digits (and one white space after them) to the character
/// they name, full-width forms to the ASCII they look like; drops an escaped line end, and the
/// backslash before anything else.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'\\' {
            out.push(*first);
            continue;
        }
        let count = after.iter().take(6).take_while(|byte| hex_digit(**byte).is_some()).count();
        let (digits, beyond) = after.split_at(count);
        rest = if count > 0 { hexadecimal(digits, beyond, out) } else { character(after, out) };
    }
}

fn hexadecimal<'a>(digits: &[u8], beyond: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    let value = digits.iter().filter_map(|digit| hex_digit(*digit));
    let code = value.fold(0, |code, digit| code << 4 | u32::from(digit));
    let narrow = if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code };
    let character = char::from_u32(narrow).filter(|character| *character != '\0');
    let mut buffer = [0; 4];
    let encoded = character.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut buffer);
    out.extend_from_slice(encoded.as_bytes());
    match beyond.split_first() {
        Some((next, rest)) if is_space(*next) => rest,
        _ => beyond,
    }
}

fn character<'a>(after: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    match after {
        [b'\r', b'\n', rest @ ..] | [b'\r' | b'\n' | 0x0c, rest @ ..] => rest,
        [other, rest @ ..] => {
            out.push(*other);
            rest
        }
        [] => after,
    }
}
