//! `@validateUtf8Encoding` and `@validateUrlEncoding`.

/// Whether the value is not valid UTF-8: overlong, truncated, surrogates and beyond Unicode too.
pub(super) fn is_invalid(value: &[u8]) -> bool {
    std::str::from_utf8(value).is_err()
}
