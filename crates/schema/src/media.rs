//! Media types (RFC 9110, section 8.3.1) as far as they matter here.

/// The `Content-Type` of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// `type/subtype` in lower case.
    pub(crate) essence: String,
    /// The boundary of a multipart body.
    pub(crate) boundary: Option<String>,
    /// Whether its texts are UTF-8, as far as is said.
    pub(crate) is_utf8: bool,
}

impl MediaType {
    /// Reads a field value; `None` for what is not one media type.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut pieces = text.split(';');
        let essence = pieces.next()?.trim().to_ascii_lowercase();
        let is_token = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte))
        };
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let mut media = Self { essence, boundary: None, is_utf8: true };
        for piece in pieces {
            let Some((name, value)) = piece.split_once('=') else { continue };
            let value = unquoted(value.trim())?;
            match name.trim().to_ascii_lowercase().as_str() {
                // Which of two holds is a matter of taste.
                "boundary" if media.boundary.is_some() => return None,
                "boundary" => media.boundary = Some(value.to_owned()),
                "charset" => {
                    media.is_utf8 &= ["utf-8", "utf8", "us-ascii"]
                        .iter()
                        .any(|known| value.eq_ignore_ascii_case(known));
                }
                _ => {}
            }
        }
        Some(media)
    }

    pub(crate) fn is_json(&self) -> bool {
        let subtype = self.essence.split_once('/').map_or("", |(_, subtype)| subtype);
        subtype == "json" || subtype.ends_with("+json")
    }
}

/// A value without its quotes; `None` when these hold an escape, a semicolon, or do not match.
fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\'])),
        None => (!value.contains('"')).then_some(value),
    }
}

/// How closely `range`, as a document has it (`application/*`), is for `essence`: 3 exactly, 0 not
/// at all.
pub(crate) fn closeness(range: &str, essence: &str) -> u8 {
    let range = range.split(';').next().unwrap_or_default().trim();
    if range.eq_ignore_ascii_case(essence) {
        return 3;
    }
    match range.strip_suffix("/*") {
        Some("*") => 1,
        Some(kind) => {
            let own = essence.split('/').next().unwrap_or_default();
            if kind.eq_ignore_ascii_case(own) { 2 } else { 0 }
        }
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_media_type_is_read_and_doubtful_ones_are_not() {
        for (text, essence) in [
            ("application/json", Some("application/json")),
            ("Application/JSON ; charset=UTF-8", Some("application/json")),
            ("application/json, text/plain", None),
            ("application/json text/plain", None),
            ("json", None),
            ("", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=\"a\\\"b\"", None),
        ] {
            let media = MediaType::parse(text.as_bytes());
            assert_eq!(media.map(|media| media.essence).as_deref(), essence, "{text}");
        }
        let media = MediaType::parse(b"text/plain; charset=utf-16").unwrap();
        assert!(!media.is_utf8);
        let media = MediaType::parse(b"multipart/form-data; boundary=\"a b\"").unwrap();
        assert_eq!(media.boundary.as_deref(), Some("a b"));
    }

    #[test]
    fn the_closest_range_counts() {
        for (range, expected) in [
            ("text/csv", 3),
            ("text/csv; header=present", 3),
            ("TEXT/CSV", 3),
            ("text/*", 2),
            ("*/*", 1),
            ("text/plain", 0),
            ("application/*", 0),
        ] {
            assert_eq!(closeness(range, "text/csv"), expected, "{range}");
        }
    }
}
