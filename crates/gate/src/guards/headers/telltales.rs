//! Headers that tell about the software behind.

/// What is removed besides names in `x-` (OWASP Secure Headers, headers to remove).
pub(super) const WITHOUT_X: [&str; 10] = [
    "host-header",
    "k-proxy-request",
    "liferay-portal",
    "oraclecommercecloud-version",
    "pega-host",
    "powered-by",
    "product",
    "server",
    "server-software",
    "via",
];

/// What is removed of names in `x-` (the same list), in alphabetical order. Left out is what
/// scripts of the application read (`X-Nextjs-…`, `X-Atmosphere-…`).
pub(super) const TELLTALES: [&str; 58] = [
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-backend",
    "x-backend-server",
    "x-backside-transport",
    "x-beserver",
    "x-calculatedbetarget",
    "x-cf-powered-by",
    "x-cms",
    "x-cocoon-version",
    "x-content-encoded-by",
    "x-debug-token",
    "x-debug-token-link",
    "x-diaginfo",
    "x-drupal-cache",
    "x-drupal-dynamic-cache",
    "x-dtagentid",
    "x-dthealthcheck",
    "x-dtinjectedservlet",
    "x-envoy-attempt-count",
    "x-envoy-decorator-operation",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-original-dst-host",
    "x-envoy-upstream-service-time",
    "x-feserver",
    "x-framework",
    "x-generated-by",
    "x-generator",
    "x-jitsi-release",
    "x-joomla-version",
    "x-kubernetes-pf-flowschema-uid",
    "x-kubernetes-pf-prioritylevel-uid",
    "x-litespeed-cache",
    "x-litespeed-purge",
    "x-litespeed-tag",
    "x-litespeed-vary",
    "x-mod-pagespeed",
    "x-oneagent-js-injection",
    "x-owa-version",
    "x-page-speed",
    "x-php-version",
    "x-powered-by",
    "x-powered-by-plesk",
    "x-powered-cms",
    "x-rack-cache",
    "x-redirect-by",
    "x-runtime",
    "x-server-powered-by",
    "x-turbo-charged-by",
    "x-umbraco-version",
    "x-varnish",
    "x-version",
    "x-xss-protection",
];

/// Whether a header of this lower-case name is removed. `X-XSS-Protection` is among them, because
/// the filter that it switches is gone from browsers and leaked where it was.
pub(super) fn is_telltale(name: &str) -> bool {
    match name.as_bytes() {
        [b'x', ..] => TELLTALES.binary_search(&name).is_ok(),
        // Most names begin as none of the list does: no comparison for them.
        [b'h' | b'k' | b'l' | b'o' | b'p' | b's' | b'v', ..] => WITHOUT_X.contains(&name),
        _ => false,
    }
}
