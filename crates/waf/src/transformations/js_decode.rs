//! `jsDecode`: the escapes of JavaScript strings.

use super::bytes::{control_escape, hex_pair, narrow, octal_digits, octal_value};

/// Decodes `\\uHHHH`, `\\xHH`, `\\OOO` and `\\n` and its like; of any other escape the backslash
/// goes.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some((first, after)) = rest.split_first() {
        match (first, after.first()) {
            (b'\\', Some(next)) => rest = escape(*next, after, out),
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
}

fn escape<'a>(next: u8, after: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
    if let Some((byte, used)) = numeric(after) {
        out.push(byte);
        return after.get(used..).unwrap_or_default();
    }
    out.push(control_escape(next).unwrap_or(next));
    after.get(1..).unwrap_or_default()
}

/// The byte of a numeric escape and how long it is after the backslash.
fn numeric(after: &[u8]) -> Option<(u8, usize)> {
    match after {
        [b'u', a, b, c, d, ..] if narrow([*a, *b, *c, *d]).is_some() => {
            Some((narrow([*a, *b, *c, *d])?, 5))
        }
        [b'x', high, low, ..] if hex_pair(*high, *low).is_some() => {
            Some((hex_pair(*high, *low)?, 3))
        }
        [b'4'..=b'7', ..] => octal(after, octal_digits(after).min(2)),
        _ => octal(after, octal_digits(after)),
    }
}

fn octal(after: &[u8], count: usize) -> Option<(u8, usize)> {
    let digits = after.get(..count).filter(|digits| !digits.is_empty())?;
    Some((octal_value(digits), count))
}
