//! What can be seen of a request that two engines read differently.

use std::sync::LazyLock;

use mantlet_waf::ftw::Request;
use regex::bytes::{Regex, RegexBuilder};
use serde::Deserialize;

/// A property of requests.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum When {
    /// libmodsecurity could not read the body.
    Unread,
    /// A line end stands in the target or the body, as it is, as `%0a`, `\n` or a reference.
    LineEnd,
    /// The body is multipart, and a line end stands in the content of a part.
    PartLineEnd,
    /// A typographic sign stands anywhere, as it is or escaped.
    Typographic,
    /// Two dots stand behind something that is neither a slash nor a dot.
    TrailingDots,
    /// A digit stands before an `e`, with or without a dot between.
    Exponent,
    /// The target is a whole address.
    WholeAddress,
    /// The path of the target has escaped bytes.
    EscapedPath,
}

/// What is looked for, and where.
const SEEN: &[(When, Where, &str)] = &[
    (When::LineEnd, Where::Text, r"(?i)\n|%(?:25)*0a|\\n|&#(?:10|xa);"),
    (When::PartLineEnd, Where::Parts, r"\n"),
    (When::Typographic, Where::Text, r"(?i)(?:\xe2|%(?:25)*e2)(?:\x80|%(?:25)*80)|u20[0-9a-f]{2}"),
    (When::TrailingDots, Where::Text, r"(?i)[^/\\.](?:\.|%(?:25)*2e){2}"),
    (When::Exponent, Where::Text, r"(?i)[0-9]\.?e"),
    (When::WholeAddress, Where::Target, r"^[A-Za-z]+://"),
    (When::EscapedPath, Where::Target, r"^[^?]*%"),
];

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Target,
    /// Everything but the names of header fields and the framing of a multipart body.
    Text,
    /// The contents of the parts of a multipart body.
    Parts,
}

static PATTERNS: LazyLock<Vec<(When, Where, Regex)>> = LazyLock::new(|| {
    let compiled = |pattern: &str| RegexBuilder::new(pattern).unicode(false).build().unwrap();
    SEEN.iter().map(|(when, place, pattern)| (*when, *place, compiled(pattern))).collect()
});

/// What holds of a request beside [`When::Unread`].
pub(crate) fn seen(request: &Request) -> Vec<When> {
    let is_multipart = content_type(request).contains("multipart");
    let parts = if is_multipart { contents(&request.body) } else { Vec::new() };
    let body = if is_multipart { &parts } else { &request.body };
    let values = request.headers.iter().map(|(_, value)| value.as_slice());
    let text = values.chain([request.target.as_slice(), body]).collect::<Vec<_>>().join(&b'\t');
    let holds = |(_, place, pattern): &&(When, Where, Regex)| match place {
        Where::Target => pattern.is_match(&request.target),
        Where::Text => pattern.is_match(&text),
        Where::Parts => pattern.is_match(&parts),
    };
    PATTERNS.iter().filter(holds).map(|(when, ..)| *when).collect()
}

/// What stands between the heads of parts and the delimiters after them.
fn contents(body: &[u8]) -> Vec<u8> {
    let text: String = body.iter().map(|byte| char::from(*byte)).collect();
    // A head ends at the first empty line of its part; further ones are content.
    let parts = text.split("\r\n--").filter_map(|part| Some(part.split_once("\r\n\r\n")?.1));
    parts.collect::<Vec<_>>().join("\t").chars().map(|each| each as u8).collect()
}

/// The `Content-Type` in small letters; empty without one.
pub(crate) fn content_type(request: &Request) -> String {
    let is_it = |(name, _): &&(Vec<u8>, Vec<u8>)| name.eq_ignore_ascii_case(b"content-type");
    let found = request.headers.iter().find(is_it);
    found.map_or_else(String::new, |(_, value)| String::from_utf8_lossy(value).to_lowercase())
}
