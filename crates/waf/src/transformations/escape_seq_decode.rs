//! `escapeSeqDecode`: the escapes of ANSI C.

use super::bytes::{control_escape, hex_pair, octal_digits, octal_value};

/// Decodes `\\n` and its like, `\\xHH` and `\\OOO`; of any other escape the backslash goes.
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
    if let [b'x' | b'X', high, low, ..] = after
        && let Some(byte) = hex_pair(*high, *low)
    {
        out.push(byte);
        return after.get(3..).unwrap_or_default();
    }
    let octal = octal_digits(after);
    let (digits, beyond) = after.split_at(octal);
    if octal > 0 {
        out.push(octal_value(digits));
        return beyond;
    }
    out.push(control_escape(next).unwrap_or(next));
    after.get(1..).unwrap_or_default()
}
