//! `hexDecode`, `hexEncode` and `sqlHexDecode`.

use super::bytes::hex_pair;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Pairs of hexadecimal digits as bytes; nothing when the input is not made of such pairs.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    if !input.len().is_multiple_of(2) || !input.iter().all(u8::is_ascii_hexdigit) {
        return;
    }
    for pair in input.chunks_exact(2) {
        if let [high, low] = pair {
            out.extend(hex_pair(*high, *low));
        }
    }
}

/// Every byte as two small hexadecimal digits.
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    for byte in input {
        push_digits(*byte, out);
    }
}

/// Adds the two digits of `byte`.
pub(super) fn push_digits(byte: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied();
    out.extend(digit(byte >> 4));
    out.extend(digit(byte & 15));
}

/// SQL's `0x4142` as the bytes it stands for.
pub(super) fn decode_sql(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        let number = match rest {
            [b'0', b'x' | b'X', digits @ ..] => pairs(digits),
            _ => &[],
        };
        if number.is_empty() {
            out.push(*first);
            rest = after;
        } else {
            decode(number, out);
            rest = rest.get(2 + number.len()..).unwrap_or_default();
        }
    }
}

/// The whole pairs of hexadecimal digits that `text` begins with.
fn pairs(text: &[u8]) -> &[u8] {
    let count =
        text.chunks_exact(2).take_while(|pair| pair.iter().all(u8::is_ascii_hexdigit)).count();
    text.get(..count * 2).unwrap_or_default()
}
