//! Headers by which a client could claim to be someone, or to have come another way.
//!
//! They are removed before any decision, in every spelling that an upstream may fold together
//! (`X-User-Id`, `x_user_id`, `x.user.id`): CGI, WSGI and their kin map all that is neither letter
//! nor digit to one character. So are other spellings of what says how a body is to be read
//! (`Content_Length`): whoever folds them would read another body than the one we looked at.

use std::borrow::Cow;

/// Names that are removed when they are equal to one of these, after [`fold`]; in alphabetical order.
const EXACT: [&str; 83] = [
    "cf-connecting-ip",
    "cf-connecting-ipv6",
    "client-ip",
    "fastly-client-ip",
    "fly-client-ip",
    "forwarded",
    "forwarded-for",
    "front-end-https",
    "iv-creds",
    "iv-groups",
    "iv-remote-address",
    "iv-user",
    "proxy",
    "remote-addr",
    "remote-email",
    "remote-groups",
    "remote-name",
    "remote-user",
    "script-name",
    "smuser",
    "true-client-ip",
    "x-amzn-lambda-context",
    "x-amzn-request-context",
    "x-anonymous-consumer",
    "x-apigateway-api-userinfo",
    "x-arr-clientcert",
    "x-arr-ssl",
    "x-auth-email",
    "x-auth-groups",
    "x-auth-role",
    "x-auth-roles",
    "x-auth-user",
    "x-auth-user-id",
    "x-auth-username",
    "x-azure-clientip",
    "x-azure-socketip",
    "x-client-dn",
    "x-client-ip",
    "x-client-verify",
    "x-clientip",
    "x-cluster-client-ip",
    "x-credential-identifier",
    "x-csp-nonce",
    "x-email",
    "x-endpoint-api-userinfo",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-original-path",
    "x-forward-for",
    "x-forwarded",
    "x-groups",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-https",
    "x-jwt-assertion",
    "x-method-override",
    "x-original-host",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-originating-ip",
    "x-proxy-user",
    "x-proxyuser-ip",
    "x-real-ip",
    "x-request-id",
    "x-rewrite-url",
    "x-role",
    "x-roles",
    "x-scheme",
    "x-script-name",
    "x-sso-user",
    "x-url-scheme",
    "x-user",
    "x-user-email",
    "x-user-groups",
    "x-user-id",
    "x-user-name",
    "x-user-role",
    "x-user-roles",
    "x-userid",
    "x-userinfo",
    "x-username",
];

/// Names that are removed when they begin with one of these, after [`fold`].
const PREFIXES: [&str; 33] = [
    "cf-access-",
    "client-cert",
    "impersonate-",
    "mantlet-",
    "oam-",
    "oidc-claim-",
    "sm-user",
    "ssl-client-",
    "tailscale-user-",
    "wl-proxy-",
    "x-amzn-lattice-",
    "x-amzn-mtls-",
    "x-amzn-oidc-",
    "x-amzn-tls-",
    "x-appengine-",
    "x-auth-request-",
    "x-authenticated-",
    "x-authentik-",
    "x-client-cert",
    "x-consumer-",
    "x-forwarded-",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-mantlet-",
    "x-ms-client-principal",
    "x-ms-token-",
    "x-original-forwarded-",
    "x-pomerium-",
    "x-remote-",
    "x-ssl-",
    "x-tls-client-",
    "x-vouch-",
    "x-webauth-",
];

/// Names that say how a body is to be read. Spelt so they stay; names that are equal to one of these
/// only after [`fold`] are removed.
const BODY: [&str; 4] = ["content-encoding", "content-length", "content-type", "transfer-encoding"];

/// Whether a header claims something under a name that reads as another one for some servers.
pub(crate) fn is_disguised(name: &str) -> bool {
    let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'-';
    name.bytes().any(is_odd) && is_claim(name, &[])
}

/// Whether a lower-case name is another spelling of one of [`BODY`].
fn is_false_body(name: &str) -> bool {
    let may_be = matches!(name.as_bytes(), [b'c', b'o', ..] | [b't', b'r', ..]);
    may_be
        && !BODY.contains(&name)
        && matches!(fold(name), Cow::Owned(folded) if BODY.contains(&folded.as_str()))
}

/// Whether a lower-case name is a claim; `extra` are further ones, after [`fold`].
pub(super) fn is_claim(name: &str, extra: &[String]) -> bool {
    may_be_listed(name) && is_listed(&fold(name))
        || is_false_body(name)
        || !extra.is_empty() && is_extra(name, extra)
}

fn is_extra(name: &str, extra: &[String]) -> bool {
    let name = fold(name);
    extra.iter().any(|claim| *claim == name)
}

/// The one spelling of a lower-case name: a dash for all that is neither letter nor digit.
pub(crate) fn fold(name: &str) -> Cow<'_, str> {
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-"))
}

/// Whether a name begins as one of the lists does: almost no ordinary header's does.
fn may_be_listed(name: &str) -> bool {
    match name.as_bytes() {
        [b'c', second, ..] => matches!(second, b'f' | b'l'),
        [b'f', second, ..] => matches!(second, b'a' | b'l' | b'o' | b'r'),
        [b'i', b'm' | b'v', ..] | [b'm', b'a', ..] | [b'p' | b't', b'r', ..] => true,
        [b'o', b'a' | b'i', ..] => true,
        [b'r', b'e', third, ..] => *third == b'm',
        [b's', b'c' | b'm' | b's', ..] | [b't', b'a', ..] | [b'w', b'l', ..] => true,
        [b'x', second, ..] => !second.is_ascii_alphanumeric(),
        _ => false,
    }
}

fn is_listed(name: &str) -> bool {
    EXACT.binary_search(&name).is_ok() || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ymera_d13_identity_and_forwarding_claims_are_removed_in_every_spelling() {
        for name in [
            "x-user-id",
            "x_user_id",
            "x-user_id",
            "remote-user",
            "remote_user",
            "x.user.id",
            "x~user^id",
            "x-forwarded.for",
            "x-forward-for",
            "wl-proxy-client-ip",
            "x-auth-user",
            "x-auth-roles",
            "x-authentik-username",
            "x-consumer-custom-id",
            "tailscale-user-login",
            "impersonate-user",
            "fly-client-ip",
            "x-envoy-external-address",
            "x-appengine-user-email",
            "x-amzn-oidc-identity",
            "x-amzn-mtls-clientcert",
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
            // RFC 9440, section 4: what a client sends of these is to be removed.
            "client-cert",
            "client_cert",
            "client-cert-chain",
            "x-client-dn",
            "x_client_verify",
            "x-arr-clientcert",
            "sm_user",
            "sm-user-dn",
            "smuser",
            "oam_remote_user",
            "iv-user",
            "oidc_claim_email",
            "x-vouch-idp-claims-sub",
            "x-userinfo",
            "x-jwt-assertion",
            "x-endpoint-api-userinfo",
            "x-apigateway-api-userinfo",
            "x-ms-token-aad-id-token",
            "script_name",
            "x-script-name",
        ] {
            assert!(is_claim(name, &[]), "{name}");
        }
    }

    #[test]
    fn what_says_how_a_body_is_read_has_one_spelling() {
        for name in BODY {
            assert!(!is_claim(name, &[]), "{name}");
            for odd in ["_", ".", "~", "+"] {
                let name = name.replace('-', odd);
                assert!(is_claim(&name, &[]) && is_disguised(&name), "{name}");
            }
        }
        for name in ["content_language", "content-md5", "content_", "transfer_", "trace_id"] {
            assert!(!is_claim(name, &[]), "{name}");
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
            "my.header",
            "if-none-match",
            "idempotency-key",
            "want-digest",
            "warning",
            "x-amzn-trace-id",
            "x-authorization",
            "x-auth-key",
            "x-envoy-attempt-count",
        ] {
            assert!(!is_claim(name, &[]), "{name}");
        }
    }

    #[test]
    fn every_listed_name_is_found() {
        assert!(EXACT.is_sorted());
        for name in EXACT.iter().chain(&PREFIXES) {
            assert!(is_claim(name, &[]), "{name}");
        }
    }

    #[test]
    fn extra_names_are_removed_in_every_spelling() {
        for name in ["my-app-user", "my_app_user", "my-app_user", "my.app+user"] {
            assert!(is_claim(name, &["my-app-user".to_owned()]), "{name}");
            assert!(!is_claim(name, &[]), "{name}");
        }
    }
}
