//! Sets security headers on every answer, refusals included, and removes what tells about the
//! software behind.
//!
//! **Protects against** clickjacking, type confusion, leaking addresses to other sites, and
//! fingerprinting. One authority: what the application sends under these names is replaced, so
//! nothing is there twice.
//!
//! **Looks at** the headers of every answer.
//!
//! **Verdicts**: with profile `compatible` sets `X-Content-Type-Options`, `X-Frame-Options`,
//! `Referrer-Policy`, `X-Permitted-Cross-Domain-Policies`; keeps the application's own Content-Security-Policy and adds `object-src`, `base-uri` and
//! `frame-ancestors` where it has none; `Strict-Transport-Security` and `Cross-Origin-Opener-Policy` where the
//! outside scheme is https; removes `Server`, `X-Powered-By` and their kin, and `X-XSS-Protection`, which is obsolete.
//! A referrer, opener or framing policy of the application's own is kept.
//!
//! **Settings**: `mode`, `fail`, `profile`.
//!
//! **Example**
//! ```toml
//! [guards.headers]
//! mode = "enforce"
//! ```

mod config;
mod csp;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::{self, HeaderName, HeaderValue};

pub use config::{HeadersSection, Profile};

use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer, Scheme,
    Stages,
};

/// Two years, as the Mozilla guideline 6.0 asks.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=63072000");

/// What tells about the software behind (OWASP Secure Headers, headers to remove).
const TELLTALES: [&str; 24] = [
    "server",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-generator",
    "x-drupal-cache",
    "x-runtime",
    "x-version",
    "x-powered-cms",
    "x-php-version",
    "x-turbo-charged-by",
    "x-server-powered-by",
    "x-cms",
    "x-debug-token",
    "x-debug-token-link",
    "x-backend-server",
    "x-litespeed-cache",
    "x-varnish",
    "x-mod-pagespeed",
    "x-page-speed",
    "x-envoy-upstream-service-time",
    "x-b3-traceid",
    "liferay-portal",
    "x-xss-protection",
];

#[derive(Debug)]
struct Headers {
    plain: Edits,
    tls: Edits,
    /// As above, without a policy: for answers that bring their own.
    plain_own_policy: Edits,
    tls_own_policy: Edits,
}

pub(super) fn build(section: &HeadersSection, _services: &Services) -> Arc<dyn Guard> {
    let Profile::Compatible = section.profile;
    Arc::new(Headers {
        plain: edits(Scheme::Http, true),
        tls: edits(Scheme::Https, true),
        plain_own_policy: edits(Scheme::Http, false),
        tls_own_policy: edits(Scheme::Https, false),
    })
}

fn edits(scheme: Scheme, with_policy: bool) -> Edits {
    use HeaderEdit::{RemoveListed, Set, SetIfAbsent};
    let fixed = |name: &'static str, value: &'static str| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    let set = |(name, value)| Set(name, value);
    let offer = |(name, value)| SetIfAbsent(name, value);
    let mut edits = vec![
        RemoveListed(is_telltale),
        set(fixed("x-content-type-options", "nosniff")),
        set(fixed("x-permitted-cross-domain-policies", "none")),
        offer(fixed("x-frame-options", "SAMEORIGIN")),
        offer(fixed("referrer-policy", "strict-origin-when-cross-origin")),
    ];
    if with_policy {
        edits.push(Set(header::CONTENT_SECURITY_POLICY, csp::FLOOR_VALUE));
    }
    if scheme == Scheme::Https {
        edits.push(SetIfAbsent(header::STRICT_TRANSPORT_SECURITY, HSTS));
        // Browsers heed it on secure origins only and complain elsewhere.
        edits.push(offer(fixed("cross-origin-opener-policy", "same-origin-allow-popups")));
    }
    Edits::from(edits)
}

fn is_telltale(name: &str) -> bool {
    // Every name of the list begins with one of these letters.
    matches!(name.as_bytes().first(), Some(b'l' | b's' | b'x')) && TELLTALES.contains(&name)
}

impl Guard for Headers {
    fn stages(&self) -> Stages {
        Stages { answer: true, ..Stages::default() }
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        let is_tls = exchange.client.scheme == Scheme::Https;
        let has_policy = head.headers.contains_key(header::CONTENT_SECURITY_POLICY);
        let prepared = match (is_tls, has_policy) {
            (false, false) => &self.plain,
            (true, false) => &self.tls,
            (false, true) => &self.plain_own_policy,
            (true, true) => &self.tls_own_policy,
        };
        let additions = if has_policy { csp::additions(head.headers) } else { None };
        Ok(AnswerVerdict::Edit(match additions {
            None => prepared.clone(),
            Some(additions) => {
                let addition = HeaderEdit::Append(header::CONTENT_SECURITY_POLICY, additions);
                prepared.and(addition)
            }
        }))
    }
}
