//! `compressWhitespace`, `removeWhitespace`, `trim`, `trimLeft`, `trimRight`.

use super::bytes::{is_space, is_wide_space};

/// Makes every run of white space one space.
pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) {
    let mut after_space = false;
    for byte in input {
        let space = is_wide_space(*byte);
        if !space {
            out.push(*byte);
        } else if !after_space {
            out.push(b' ');
        }
        after_space = space;
    }
}

/// Takes all white space out.
pub(super) fn remove(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().filter(|byte| !is_wide_space(**byte)));
}

/// Takes white space off both ends.
pub(super) fn trim(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(without_end(without_start(input)));
}

/// Takes white space off the start.
pub(super) fn trim_left(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(without_start(input));
}

/// Takes white space off the end.
pub(super) fn trim_right(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(without_end(input));
}

fn without_start(mut text: &[u8]) -> &[u8] {
    while let Some((_, rest)) = text.split_first().filter(|(first, _)| is_space(**first)) {
        text = rest;
    }
    text
}

fn without_end(mut text: &[u8]) -> &[u8] {
    while let Some((_, rest)) = text.split_last().filter(|(last, _)| is_space(**last)) {
        text = rest;
    }
    text
}
