//! Base64, taken off only where it hides readable text or a known format.

use super::text::Text;
use crate::detect::bytes::{find, part, starts_with_any, tail, trimmed};
use crate::detect::scan::Mask;

/// Shorter values are words.
pub(super) const SHORTEST: usize = 8;
/// No more than this is decoded of a value; tokens and pictures are long.
const LONGEST: usize = 65_536;

fn digit(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}

/// The part of the value that is Base64: all of it, or what follows `;base64,`.
fn payload(bytes: &[u8]) -> Option<(usize, &[u8])> {
    if starts_with_any(bytes, &["data:"]) {
        let comma = find(part(bytes, 0, 200), b";base64,")?;
        return Some((comma + 8, tail(bytes, comma + 8)));
    }
    let start = bytes.len() - bytes.trim_ascii_start().len();
    Some((start, trimmed(bytes)))
}

/// Takes one layer off.
pub(super) fn decode(text: &Text, _: Mask) -> Option<Text> {
    let (start, payload) = payload(&text.bytes)?;
    let payload = part(payload, 0, LONGEST);
    let digits = payload.iter().take_while(|byte| digit(**byte).is_some()).count();
    let padding = tail(payload, digits).iter().take_while(|byte| **byte == b'=').count();
    let whole = digits + padding == payload.len() && padding <= 2;
    if !whole || digits < SHORTEST || digits % 4 == 1 {
        return None;
    }
    // A word or a path has no reason to be read as Base64: real text in it mixes both cases.
    let mixed =
        payload.iter().any(u8::is_ascii_uppercase) && payload.iter().any(u8::is_ascii_lowercase);
    if !mixed {
        return None;
    }
    let mut out = text.builder();
    let (mut bits, mut count) = (0_u32, 0);
    for (offset, byte) in payload.iter().take(digits).enumerate() {
        bits = bits << 6 | digit(*byte)?;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from(bits >> count & 0xff).unwrap_or(0), start + offset);
            bits &= (1 << count) - 1;
        }
    }
    let decoded = out.finish();
    is_readable(&decoded.bytes).then_some(decoded)
}

/// Whether `bytes` could be Base64 of something worth reading: the cheap part of the question.
pub(super) fn is_plausible(bytes: &[u8]) -> bool {
    let body = bytes.len() - bytes.iter().rev().take(2).take_while(|byte| **byte == b'=').count();
    let head = part(bytes, 0, body.min(64));
    let mixed = head.iter().any(u8::is_ascii_uppercase) && head.iter().any(u8::is_ascii_lowercase);
    bytes.len() >= SHORTEST
        && mixed
        && body % 4 != 1
        && head.iter().all(|byte| digit(*byte).is_some())
        || starts_with_any(bytes, &["data:"])
}

/// Text, or the beginning of a serialised object.
fn is_readable(bytes: &[u8]) -> bool {
    let magic = bytes.starts_with(b"\xac\xed\0\x05")
        || bytes.starts_with(b"\x80\x04\x95")
        || bytes.starts_with(b"\x80\x02");
    let printable = bytes.iter().all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e));
    magic || printable && bytes.len() >= 4 && bytes.iter().any(|byte| !byte.is_ascii_alphanumeric())
}
