//! Redirects of `[[routes]] redirect`.

use http::header::{CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, Response, StatusCode};
use mantlet_event::reasons;

use crate::pipeline::{Denial, Exchange, Origin};
use crate::upstream::AnswerBody;

/// Whether `to` is an absolute address or a path that a `Location` may carry.
pub(crate) fn is_valid(to: &str) -> bool {
    let is_printable = to.bytes().all(|byte| (0x21..=0x7e).contains(&byte) && byte != b'"');
    // A second slash would make the first segment a host.
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\");
    let rest = to.strip_prefix("https://").or_else(|| to.strip_prefix("http://"));
    let is_address =
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '{', '?']));
    is_printable && (is_path || is_address)
}

/// 308, which keeps method and body; `{path}` and `{query}` stand for the request's own.
pub(super) fn answer(to: &str, exchange: &Exchange) -> Result<Response<AnswerBody>, Denial> {
    let location = location(to, exchange.path.as_str(), exchange.query.as_deref());
    let value = HeaderValue::from_str(&location)
        .map_err(|error| Denial::new(&reasons::INVALID_PATH).evidence(error.to_string()))?;
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, value);
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
    response.extensions_mut().insert(Origin::Gate);
    Ok(response)
}

/// `to` with the path and the query of a request in their places.
fn location(to: &str, path: &str, query: Option<&str>) -> String {
    // The path first: it holds no brace, and a query may.
    let to = &*to.replace("{path}", path);
    let location = match to.split_once("{query}") {
        // The query comes with its `?`, unless the address has one already.
        Some((before, _)) if before.contains('?') => {
            let query = query.unwrap_or_default();
            let whole = to.replace("{query}", query);
            if query.is_empty() { whole.trim_end_matches(['?', '&']).to_owned() } else { whole }
        }
        _ => to.replace("{query}", &query.map_or_else(String::new, |query| format!("?{query}"))),
    };
    // `/{path}` must not turn a path into a host.
    match location.strip_prefix("//") {
        Some(rest) => format!("/{}", rest.trim_start_matches('/')),
        None => location,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_one_question_mark_wherever_it_stands() {
        for (to, query, expected) in [
            ("https://b.example{path}{query}", Some("x=1&y"), "https://b.example/a?x=1&y"),
            ("https://b.example{path}?{query}", Some("x=1"), "https://b.example/a?x=1"),
            ("https://b.example/?from={path}&{query}", Some("x"), "https://b.example/?from=/a&x"),
            ("https://b.example{path}{query}", None, "https://b.example/a"),
            ("https://b.example{path}?{query}", None, "https://b.example/a"),
            ("https://b.example/?k=v&{query}", None, "https://b.example/?k=v"),
            ("/b?{query}", Some("u=//evil.example/?"), "/b?u=//evil.example/?"),
            ("/{path}", None, "/a"),
        ] {
            assert_eq!(location(to, "/a", query), expected, "{to} {query:?}");
        }
    }

    #[test]
    fn only_addresses_and_paths_are_redirect_targets() {
        for (to, expected) in [
            ("/new", true),
            ("https://example.org{path}{query}", true),
            ("http://example.org", true),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("javascript:alert(1)", false),
            ("example.org", false),
            ("https://{path}", false),
            ("/a\nb", false),
            ("", false),
        ] {
            assert_eq!(is_valid(to), expected, "{to}");
        }
    }
}
