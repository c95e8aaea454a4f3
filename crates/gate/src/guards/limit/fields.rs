//! `RateLimit` and `RateLimit-Policy`, draft-ietf-httpapi-ratelimit-headers-10.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use mantlet_limit::Outcome;

use super::scope::Scope;

pub(super) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(super) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Every quota with its size and window.
pub(super) fn policy<'a>(scopes: impl IntoIterator<Item = &'a Scope>) -> HeaderValue {
    let quotas =
        scopes.into_iter().flat_map(|scope| scope.quotas.iter().map(move |quota| (scope, quota)));
    let items: Vec<String> = quotas
        .map(|(scope, quota)| {
            let name = scope.name(quota);
            format!("\"{name}\";q={};w={}", quota.limit(), seconds_up(quota.window()))
        })
        .collect();
    text(&items.join(", "))
}

/// What is left of the binding quota, and when it is whole again.
pub(super) fn state(name: &str, outcome: &Outcome) -> HeaderValue {
    let until = if outcome.allowed { outcome.reset_after } else { outcome.retry_after };
    text(&format!("\"{name}\";r={};t={}", outcome.remaining, seconds_up(until)))
}

/// Whole seconds, never fewer than the duration: waiting them is always enough.
pub(super) fn seconds_up(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}

/// A field of names and numbers of ours, which are plain text.
pub(super) fn text(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
