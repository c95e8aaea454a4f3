//! `htmlEntityDecode`: numeric references and the five names every browser knows.

/// Names of characters that are decoded.
const NAMES: &[(&[u8], u8)] =
    &[(b"quot", b'"'), (b"amp", b'&'), (b"lt", b'<'), (b"gt", b'>'), (b"nbsp", 0xa0)];

/// Decodes `&#xHH;`, `&#DD;` (the low byte) and the names, with or without the semicolon.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(position) = memchr::memchr(b'&', rest) {
        let (before, from) = rest.split_at(position);
        out.extend_from_slice(before);
        let after = from.get(1..).unwrap_or_default();
        match reference(after) {
            Some((byte, used)) => {
                out.push(byte);
                let beyond = after.get(used..).unwrap_or_default();
                rest = beyond.strip_prefix(b";").unwrap_or(beyond);
            }
            None => {
                out.push(b'&');
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest);
}

/// The byte of the reference that `text` begins with, and its length without `&` and `;`.
fn reference(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16).map(|(byte, used)| (byte, used + 2)),
        [b'#', digits @ ..] => number(digits, 10).map(|(byte, used)| (byte, used + 1)),
        _ => named(text),
    }
}

fn number(text: &[u8], radix: u32) -> Option<(u8, usize)> {
    let mut value: u32 = 0;
    let mut used = 0;
    for digit in text.iter().map_while(|byte| char::from(*byte).to_digit(radix)) {
        value = value.saturating_mul(radix).saturating_add(digit);
        used += 1;
    }
    let [.., low] = value.to_be_bytes();
    (used > 0).then_some((low, used))
}

fn named(text: &[u8]) -> Option<(u8, usize)> {
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = text.get(..length)?;
    let (known, byte) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((*byte, known.len()))
}
