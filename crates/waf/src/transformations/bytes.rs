//! Byte arithmetic that several transformations share.

/// White space as C's `isspace` has it.
pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// White space, or the non-breaking space of Latin-1.
pub(super) const fn is_wide_space(byte: u8) -> bool {
    is_space(byte) || byte == 0xa0
}

/// The value of a hexadecimal digit.
pub(crate) const fn hex_digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => return None,
    })
}

/// The byte that two hexadecimal digits spell.
pub(crate) fn hex_pair(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

/// The byte that a code point of four hexadecimal digits becomes: its low byte, and the full-width
/// forms of ASCII (U+FF01 to U+FF5E) the ASCII they look like.
pub(super) fn narrow(digits: [u8; 4]) -> Option<u8> {
    let [first, second, third, fourth] = digits;
    let high = hex_pair(first, second)?;
    let low = hex_pair(third, fourth)?;
    let full_width = high == 0xff && low > 0 && low < 0x5f;
    Some(if full_width { low + 0x20 } else { low })
}

/// The escapes that C and JavaScript share: `a`, `b`, `f`, `n`, `r`, `t`, `v`.
pub(super) const fn control_escape(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        _ => return None,
    })
}

/// How many octal digits, three at most, `text` begins with.
pub(super) fn octal_digits(text: &[u8]) -> usize {
    text.iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count()
}

/// The value of octal digits, its low byte.
pub(super) fn octal_value(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |value: u8, digit| value.wrapping_shl(3) | (digit & 7))
}
