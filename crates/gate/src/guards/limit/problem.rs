//! The problem types of draft-ietf-httpapi-ratelimit-headers-10.

use http::HeaderValue;
use http::header::RETRY_AFTER;

use crate::pipeline::Denial;

/// The client has used up what is its own.
pub(super) const QUOTA_EXCEEDED: &str =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";
/// What all clients share is used up.
pub(super) const REDUCED_CAPACITY: &str =
    "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity";

/// `denial`, saying which policy it goes by and when to come back.
pub(super) fn told(denial: Denial, policy: &str, retry_secs: u64) -> Denial {
    denial
        .header(RETRY_AFTER, HeaderValue::from(retry_secs))
        .member("retry_after", i64::try_from(retry_secs).unwrap_or(i64::MAX))
        .list("violated-policies", vec![policy.to_owned()])
}
