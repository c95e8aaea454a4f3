//! `urlDecode`, `urlDecodeUni` and `urlEncode`.

use super::best_fit;
use super::bytes::{hex_pair, narrow};
use super::hex::push_digits;

/// Decodes `%HH` and `+`; what is no valid escape stays.
pub(crate) fn decode(input: &[u8], out: &mut Vec<u8>) {
    decode_with(input, out, |_| None);
}

/// Decodes `%uHHHH` as well: to the ASCII character it is taken for, else to its low byte.
pub(super) fn decode_unicode(input: &[u8], out: &mut Vec<u8>) {
    decode_with(input, out, |after| match after {
        [b'u' | b'U', a, b, c, d, ..] => code_point([*a, *b, *c, *d]),
        _ => None,
    });
}

fn code_point(digits: [u8; 4]) -> Option<u8> {
    let [first, second, third, fourth] = digits;
    let (high, low) = (hex_pair(first, second)?, hex_pair(third, fourth)?);
    best_fit::ascii(u16::from_be_bytes([high, low])).or_else(|| narrow(digits))
}

fn decode_with(input: &[u8], out: &mut Vec<u8>, unicode: impl Fn(&[u8]) -> Option<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let pair = match after {
            [high, low, ..] if *first == b'%' => hex_pair(*high, *low),
            _ => None,
        };
        if let Some(byte) = pair {
            out.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else if *first == b'%'
            && let Some(byte) = unicode(after)
        {
            out.push(byte);
            rest = after.get(5..).unwrap_or_default();
        } else {
            out.push(if *first == b'+' { b' ' } else { *first });
        }
    }
}

/// Whether every `%` begins a valid escape.
pub(crate) fn is_well_encoded(input: &[u8]) -> bool {
    memchr::memchr_iter(b'%', input).all(|position| match input.get(position + 1..) {
        Some([high, low, ..]) => hex_pair(*high, *low).is_some(),
        _ => false,
    })
}

/// Letters, digits and `*` stay, a space becomes `+`, everything else `%hh`.
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    for byte in input {
        match byte {
            b'*' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(*byte),
            b' ' => out.push(b'+'),
            other => {
                out.push(b'%');
                push_digits(*other, out);
            }
        }
    }
}
