//! Responses, parsed from the wire.

use serde_json::Value;

use super::{Chunked, Headers, decode};

/// One response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields.
    pub headers: Headers,
    /// The body without transfer coding.
    pub body: Vec<u8>,
    /// The fields after a chunked body.
    pub trailers: Headers,
    /// Whether the body came to its announced end; `false` when the connection ended first.
    pub is_complete: bool,
    /// The status codes of the informational responses before it, when a reader skipped them.
    pub interim: Vec<u16>,
}

impl Response {
    /// The value of the first header field of this name; `None` when there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text()))
    }
}

/// What stands at the start of some bytes.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Not yet a whole response; what there is of it once its head is whole.
    Partial(Option<Response>),
    /// A whole response and how many bytes it took.
    Whole(Response, usize),
    /// No response.
    Garbage,
}

/// Parses the response at the start of `bytes`. `has_body` is false for answers to HEAD; a body
/// without framing ends where the connection `has_ended`.
pub(super) fn parse(bytes: &[u8], has_body: bool, has_ended: bool) -> Parsed {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Parsed::Partial(None);
    };
    let Some(response) = parse_head(&bytes[..end]) else {
        return Parsed::Garbage;
    };
    let head = end + 4;
    if !has_body || matches!(response.status, 100..=199 | 204 | 304) {
        return Parsed::Whole(Response { is_complete: true, ..response }, head);
    }
    parse_body(response, bytes, head, has_ended)
}

fn parse_head(head: &[u8]) -> Option<Response> {
    let line = head.windows(2).position(|pair| pair == b"\r\n").unwrap_or(head.len());
    let first = std::str::from_utf8(&head[..line]).ok()?;
    let status = first.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let headers = Headers::parse(&head[line..])?;
    Some(Response { status, headers, ..Response::default() })
}

fn parse_body(response: Response, bytes: &[u8], head: usize, has_ended: bool) -> Parsed {
    let rest = &bytes[head..];
    if response.headers.is_chunked() {
        return match decode(rest) {
            Chunked::Partial(body) => Parsed::Partial(Some(Response { body, ..response })),
            Chunked::Done { body, trailers, used } => {
                let whole = Response { body, trailers, is_complete: true, ..response };
                Parsed::Whole(whole, head + used)
            }
            Chunked::Garbage => Parsed::Garbage,
        };
    }
    let is_delimited_by_close = response.headers.content_length().is_none();
    let length = response.headers.content_length().unwrap_or(rest.len());
    let body = rest[..length.min(rest.len())].to_vec();
    if rest.len() < length || (is_delimited_by_close && !has_ended) {
        return Parsed::Partial(Some(Response { body, ..response }));
    }
    Parsed::Whole(Response { body, is_complete: true, ..response }, head + length)
}

/// Every response in `bytes`, the last one perhaps incomplete, and the bytes after them that are
/// none.
pub(super) fn parse_all(bytes: &[u8], has_body: bool, has_ended: bool) -> (Vec<Response>, Vec<u8>) {
    let (mut at, mut found) = (0, Vec::new());
    while at < bytes.len() {
        match parse(&bytes[at..], has_body, has_ended) {
            Parsed::Whole(response, used) => {
                let is_upgrade = response.status == 101;
                found.push(response);
                at += used;
                if is_upgrade {
                    break;
                }
            }
            Parsed::Partial(Some(response)) => {
                found.push(response);
                at = bytes.len();
            }
            Parsed::Partial(None) | Parsed::Garbage => break,
        }
    }
    (found, bytes[at..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> (Vec<(u16, String, bool)>, String) {
        let (responses, rest) = parse_all(text.as_bytes(), true, true);
        let plain = responses.iter().map(|one| (one.status, one.text(), one.is_complete));
        (plain.collect(), String::from_utf8(rest).unwrap())
    }

    #[test]
    fn pipelined_responses_of_every_framing_are_told_apart() {
        let (responses, rest) = all(concat!(
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.0 400 Bad Request\r\n\r\nuntil the end",
        ));
        let expected = [(100, ""), (200, "ok"), (200, "a"), (204, ""), (400, "until the end")];
        let expected = expected.map(|(status, body)| (status, body.to_owned(), true));
        assert_eq!((responses, rest), (expected.to_vec(), String::new()));
    }

    #[test]
    fn a_body_cut_short_is_not_complete() {
        let (responses, _) = all("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
        assert_eq!(responses, [(200, "ok".to_owned(), false)]);
    }

    #[test]
    fn what_is_no_response_is_left_over() {
        let (responses, rest) = all("HTTP/1.1 204 No Content\r\n\r\nSSH-2.0-x\r\n\r\n");
        assert_eq!((responses.len(), rest.as_str()), (1, "SSH-2.0-x\r\n\r\n"));
    }

    #[test]
    fn header_fields_are_found_in_any_case_and_kept_in_order() {
        let text = b"HTTP/1.1 204 No\r\nSet-Cookie: a\r\nX: y\r\nset-cookie: b\r\n\r\n";
        let (responses, _) = parse_all(text, true, true);
        assert_eq!(responses[0].headers.get_all("SET-COOKIE"), ["a", "b"]);
        assert_eq!(responses[0].header("x"), Some("y"));
    }
}
