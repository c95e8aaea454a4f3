//! What kind of body an answer has.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What kind of body an answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Media {
    /// A page: its scripts run under the policy.
    Page,
    /// Other text, or something that does not say what it is.
    Text,
    /// Anything else: images, archives, documents.
    Opaque,
}

impl Media {
    /// What `Content-Type` says.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(CONTENT_TYPE) else { return Self::Text };
        let kind = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default();
        let kind = kind.trim_ascii();
        if kind.eq_ignore_ascii_case(b"text/html") || is_xhtml(kind) {
            return Self::Page;
        }
        let has =
            |part: &[u8]| kind.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part));
        let is_text = kind.is_empty()
            || [&b"text/"[..], b"json", b"xml", b"javascript", b"ecmascript", b"multipart/"]
                .into_iter()
                .any(has)
            || has(b"urlencoded");
        if is_text { Self::Text } else { Self::Opaque }
    }
}

fn is_xhtml(kind: &[u8]) -> bool {
    kind.eq_ignore_ascii_case(b"application/xhtml+xml")
}
