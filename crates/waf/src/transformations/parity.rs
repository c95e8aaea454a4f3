//! `parityEven7bit`, `parityOdd7bit` and `parityZero7bit`.

/// Sets the highest bit so that the number of ones is even.
pub(super) fn even(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|byte| with_parity(*byte, 0)));
}

/// Sets the highest bit so that the number of ones is odd.
pub(super) fn odd(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|byte| with_parity(*byte, 1)));
}

/// Clears the highest bit.
pub(super) fn zero(input: &[u8], out: &mut Vec<u8>) {
    out.extend(input.iter().map(|byte| byte & 0x7f));
}

const fn with_parity(byte: u8, odd: u32) -> u8 {
    let low = byte & 0x7f;
    if low.count_ones() % 2 == odd { low } else { low | 0x80 }
}
