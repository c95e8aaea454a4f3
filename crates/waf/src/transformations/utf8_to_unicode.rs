//! `utf8toUnicode`: characters beyond ASCII as `%uHHHH`.

/// Writes every valid sequence of more than one byte as `%u` and at least four small hexadecimal
/// digits. Bytes that are no valid UTF-8 stay.
pub(super) fn apply(input: &[u8], out: &mut Vec<u8>) {
    for chunk in input.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_ascii() {
                out.extend(u8::try_from(character));
            } else {
                out.extend_from_slice(format!("%u{:04x}", u32::from(character)).as_bytes());
            }
        }
        out.extend_from_slice(chunk.invalid());
    }
}
