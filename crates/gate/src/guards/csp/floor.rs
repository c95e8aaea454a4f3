//! The floor under every Content-Security-Policy.

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};

/// What every page can live with: no plug-ins, no foreign base address, no foreign frames.
const FLOOR: [(&str, &str); 3] =
    [("object-src", "'none'"), ("base-uri", "'self'"), ("frame-ancestors", "'self'")];

/// The floor as a whole, for answers without a policy of their own.
pub(super) const VALUE: HeaderValue =
    HeaderValue::from_static("object-src 'none'; base-uri 'self'; frame-ancestors 'self'");

/// The directives of the floor that the application's own policies do not have. They go out as one
/// more policy: policies add up, so this can only tighten, and a directive that the application
/// has chosen itself stays its own.
pub(super) fn additions(headers: &HeaderMap) -> Option<HeaderValue> {
    let policies: Vec<&[u8]> =
        headers.get_all(CONTENT_SECURITY_POLICY).iter().map(HeaderValue::as_bytes).collect();
    let has = |directive: &str| {
        policies
            .iter()
            .flat_map(|policy| policy.split(|byte| matches!(byte, b';' | b',')))
            .filter_map(|part| part.trim_ascii().split(u8::is_ascii_whitespace).next())
            .any(|name| name.eq_ignore_ascii_case(directive.as_bytes()))
    };
    let missing: Vec<String> = FLOOR
        .iter()
        .filter(|(directive, _)| !has(directive))
        .map(|(directive, value)| format!("{directive} {value}"))
        .collect();
    if missing.is_empty() { None } else { HeaderValue::from_str(&missing.join("; ")).ok() }
}
