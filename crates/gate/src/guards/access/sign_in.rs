//! The way to the sign-in page, and back.

use http::header::ACCEPT;
use http::{HeaderName, HeaderValue, Method};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::pages::SIGN_IN;
use crate::pipeline::Exchange;
use crate::refusal::prefers_page;

/// The longest address to come back to, in bytes.
const MAX_NEXT: usize = 2048;

const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// What would end the value of a parameter.
const PARAMETER: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>');

/// A path of this host that somebody comes back to after signing in: never another host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next(String);

impl Next {
    /// The path that `text` is; `None` for all that a browser could read as another host, and for
    /// what is too long.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_plain = |byte: u8| (0x21..=0x7e).contains(&byte) && !b"\\\"<>".contains(&byte);
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_fine = is_path && text.len() <= MAX_NEXT && text.bytes().all(is_plain);
        fn is_ours(text: &str) -> bool {
            text.to_ascii_lowercase().starts_with("/.mantlet/")
                && !text.starts_with(crate::pages::PROFILE)
        }
        (is_fine && !is_ours(text)).then(|| Self(text.to_owned()))
    }

    /// The path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The sign-in page, with this in its query, for a browser that opens a page; `None` for everything
/// else.
pub(super) fn page_for(exchange: &Exchange, query: &str) -> Option<HeaderValue> {
    let is_page = matches!(exchange.method, Method::GET | Method::HEAD)
        && !exchange.is_websocket
        && exchange.headers.contains_key(ACCEPT)
        && prefers_page(&exchange.headers);
    let destination = exchange.headers.get(SEC_FETCH_DEST).map(HeaderValue::as_bytes);
    if !is_page || !matches!(destination, None | Some(b"document" | b"iframe" | b"frame")) {
        return None;
    }
    let mut asked = exchange.path.as_str().to_owned();
    if let Some(query) = &exchange.query {
        asked = format!("{asked}?{query}");
    }
    let next = Next::parse(&asked).filter(|_| asked != "/");
    let next = next.map(|next| format!("next={}", utf8_percent_encode(next.as_str(), PARAMETER)));
    let query = [Some(query.to_owned()).filter(|query| !query.is_empty()), next];
    let query: Vec<String> = query.into_iter().flatten().collect();
    let location = match query.as_slice() {
        [] => SIGN_IN.to_owned(),
        parts => format!("{SIGN_IN}?{}", parts.join("&")),
    };
    HeaderValue::from_str(&location).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_host() {
        for text in [
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " /x",
            "x",
            "",
            "/ä",
            "/.mantlet/sign-out",
            "/.Mantlet/sign-in?next=/",
            &format!("/{}", "a".repeat(MAX_NEXT)),
        ] {
            assert_eq!(Next::parse(text), None, "{text:?}");
        }
        for text in ["/", "/a/b?c=d&e=%2F%2Fevil#f", "/a//b", "/.mantlet/profile"] {
            assert_eq!(Next::parse(text).unwrap().as_str(), text);
        }
    }
}
