//! `length`: the number of bytes, in decimal.

/// Writes how long the input is.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(input.len().to_string().as_bytes());
}
