//! Headers by which a client could claim to be someone, or to have come another way.
//!
//! They are removed before any decision, in every spelling that an upstream may fold together
//! (`X-User-Id`, `x_user_id`): CGI, WSGI and their kin map `-` and `_` to the same variable.

use http::{HeaderMap, HeaderName};

use crate::pipeline::remove_listed;

/// Names that are removed when they are equal to one of these, `_` read as `-`.
const EXACT: [&str; 49] = [
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "proxy",
    "remote-addr",
    "remote-groups",
    "remote-email",
    "remote-name",
    "remote-user",
    "true-client-ip",
    "x-appengine-user-ip",
    "x-arr-ssl",
    "x-azure-clientip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-email",
    "x-forwarded",
    "x-groups",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-https",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-proxy-user",
    "x-real-ip",
    "x-request-id",
    "x-rewrite-url",
    "x-role",
    "x-roles",
    "x-scheme",
    "x-url-scheme",
    "x-user",
    "x-user-email",
    "x-user-groups",
    "x-user-id",
    "x-user-name",
    "x-user-role",
    "x-user-roles",
    "x-username",
    "x-userid",
];

/// Names that are removed when they begin with one of these, `_` read as `-`.
const PREFIXES: [&str; 18] = [
    "cf-access-",
    "ssl-client-",
    "x-amzn-oidc-",
    "x-auth-request-",
    "x-authenticated-",
    "x-client-cert",
    "x-forwarded-",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-mantlet-",
    "x-original-forwarded-",
    "x-pomerium-",
    "x-remote-",
    "x-ssl-",
    "x-tls-client-",
    "x-webauth-",
    "mantlet-",
];

/// Removes every claim from `headers`; `extra` are further ones, spelled with dashes.
pub(super) fn remove(headers: &mut HeaderMap, extra: &[HeaderName]) {
    remove_listed(headers, is_claim);
    if !extra.is_empty() {
        remove_listed(headers, |name| {
            let name = name.replace('_', "-");
            extra.iter().any(|claim| claim.as_str() == name)
        });
    }
}

fn is_claim(name: &str) -> bool {
    // All names above begin with one of these letters; almost no ordinary header does.
    let may_be = matches!(
        name.as_bytes().first(),
        Some(b'c' | b'f' | b'm' | b'p' | b'r' | b's' | b't' | b'x')
    );
    if !may_be {
        return false;
    }
    if !name.contains('_') {
        return is_listed(name);
    }
    is_listed(&name.replace('_', "-"))
}

fn is_listed(name: &str) -> bool {
    EXACT.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ymera_d13_identity_and_forwarding_claims_are_removed_in_every_spelling() {
        for name in [
            "x-user-id",
            "x_user_id",
            "x-user_id",
            "remote-user",
            "remote_user",
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-user",
            "forwarded",
            "x-real-ip",
            "x-mantlet-user",
            "x-auth-request-email",
            "x-original-url",
            "x-http-method-override",
            "proxy",
            "ssl-client-verify",
            "true-client-ip",
            "cf-access-jwt-assertion",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("admin"));
            remove(&mut headers, &[]);
            assert!(headers.is_empty(), "{name}");
        }
    }

    #[test]
    fn ordinary_headers_stay() {
        for name in [
            "accept",
            "cookie",
            "cache-control",
            "content-type",
            "referer",
            "priority",
            "range",
            "sec-fetch-site",
            "te",
            "user-agent",
            "x-api-key",
            "x-csrf-token",
            "x-requested-with",
            "x-auth-token",
            "x-user-agent",
            "my_header",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
            remove(&mut headers, &[]);
            assert_eq!(headers.len(), 1, "{name}");
        }
    }

    #[test]
    fn every_listed_name_begins_with_a_letter_that_is_looked_at() {
        for name in EXACT.iter().chain(&PREFIXES) {
            assert!(is_claim(name), "{name}");
        }
    }

    #[test]
    fn extra_names_are_removed_in_every_spelling() {
        for name in ["my-app-user", "my_app_user", "my-app_user"] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
            remove(&mut headers, &[HeaderName::from_static("my-app-user")]);
            assert!(headers.is_empty(), "{name}");
        }
    }
}
