//! Hop-by-hop headers, RFC 9110 section 7.6.1.

use http::HeaderMap;
use http::header::{self, HeaderName};

use crate::pipeline::remove_listed;

/// Whether a field of this name never goes further.
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "close"
            | "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What clients of old proxies send in the place of `Connection`.
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Removes what belongs to one connection only: the standard names, and every name that
/// `Connection` or the nonstandard `Proxy-Connection` lists.
pub(crate) fn remove(headers: &mut HeaderMap) {
    remove_named(headers);
    remove_listed(headers, is_hop_by_hop);
}

/// Removes every name that `Connection` or `Proxy-Connection` lists.
pub(super) fn remove_named(headers: &mut HeaderMap) {
    let listers = [header::CONNECTION, PROXY_CONNECTION];
    // A look at each name costs less than searching for these two, and most messages have neither.
    if !headers.keys().any(|name| listers.contains(name)) {
        return;
    }
    for name in listers.iter().flat_map(|lister| listed(headers, lister)).collect::<Vec<_>>() {
        headers.remove(name);
    }
}

fn listed(headers: &HeaderMap, lister: &HeaderName) -> impl Iterator<Item = HeaderName> {
    let values = headers.get_all(lister);
    let names = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        // The usual ones are removed anyway and need not be looked up.
        .filter(|name| !["close", "keep-alive", "upgrade"].contains(name));
    names.filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
}

/// Whether a comma-separated header holds `token`, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_connection_names_goes_with_it() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Secret"),
            ("proxy-connection", "keep-alive, X-Other"),
            ("x-other", "1"),
            ("x-secret", "1"),
            ("host", "a"),
            ("authorization", "Bearer x"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("keep-alive", "timeout=5"),
            ("accept", "*/*"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        remove(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["accept", "authorization", "host"]);
    }
}
