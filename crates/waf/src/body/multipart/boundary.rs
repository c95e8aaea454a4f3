//! The boundary of a multipart body, from its `Content-Type`.

use super::Flags;

/// Longest boundary, RFC 2046 section 5.1.1.
pub(super) const BOUNDARY_LIMIT: usize = 70;

/// The boundary of a `Content-Type`.
pub(super) fn boundary(content_type: &[u8], flags: &mut Flags) -> Result<Vec<u8>, String> {
    let lower = content_type.to_ascii_lowercase();
    // The word alone may stand in the boundary itself; a parameter has an equals sign after it.
    let is_parameter = |place: &usize| {
        let after = lower.get(place + b"boundary".len()..).unwrap_or_default();
        after.trim_ascii_start().starts_with(b"=")
    };
    let mut places = memchr::memmem::find_iter(&lower, b"boundary").filter(is_parameter);
    let place = places.next().ok_or("Boundary not found in C-T.")?;
    if places.next().is_some() {
        return Err("Multiple boundary parameters in C-T.".to_owned());
    }
    let before = lower.get(..place).unwrap_or_default();
    if !before.trim_ascii_end().ends_with(b";") {
        return Err("Invalid boundary in C-T (malformed).".to_owned());
    }
    let after = content_type.get(place + b"boundary".len()..).unwrap_or_default();
    let trimmed = after.trim_ascii_start();
    flags.boundary_whitespace = trimmed.len() != after.len();
    let value = trimmed.strip_prefix(b"=").ok_or("Invalid boundary in C-T (malformed).")?;
    let bare = value.trim_ascii_start();
    flags.boundary_whitespace |= bare.len() != value.len();
    let boundary = match bare.strip_prefix(b"\"") {
        Some(rest) => {
            flags.boundary_quoted = true;
            let end = memchr::memchr(b'"', rest).ok_or("Invalid boundary in C-T (quote).")?;
            rest.get(..end).unwrap_or_default()
        }
        None => {
            let end = bare.iter().position(|byte| matches!(byte, b';' | b',' | b' ' | b'\t'));
            flags.boundary_whitespace |=
                end.and_then(|end| bare.get(end)).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            bare.get(..end.unwrap_or(bare.len())).unwrap_or_default()
        }
    };
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    if boundary.is_empty() || boundary.len() > BOUNDARY_LIMIT || !boundary.iter().all(valid) {
        return Err("Invalid boundary in C-T (characters).".to_owned());
    }
    Ok(boundary.to_vec())
}
