//! Who asks: an API key or a signed token, shown as a bearer token (RFC 6750).

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use mantlet_event::reasons;
use mantlet_identity::api_key::PresentedKey;
use mantlet_identity::directory::{Caller, Credential, Directory};

use super::ApiServices;
use super::problem::Problem;

/// The longest credential that is looked at, in bytes.
const MAX_CREDENTIAL: usize = 8192;

/// Who sent a request.
///
/// # Errors
/// The same [`Problem`] for all that does not count; others when nobody can tell, or the address has
/// shown too much that does not.
pub(super) async fn caller(
    services: &ApiServices,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<(Arc<Directory>, Caller), Problem> {
    let limits = &services.memory.limits;
    let shown = shown(headers)?;
    let wrong = |evidence: &str| match limits.failed(&services.section, address, &*services.clock) {
        Ok(()) => Problem::unauthenticated(Some(evidence.to_owned())),
        Err(problem) => problem.evidence(evidence),
    };
    // Without a store there is nobody, and no credential.
    let directory = services.directories.directory().ok_or_else(|| wrong("no accounts"))?;
    let credential = match PresentedKey::is_likely(shown) {
        true => Credential::ApiKey(shown),
        false => Credential::Token(shown),
    };
    match directory.verify(credential, address).await {
        Ok(caller) => Ok((directory, caller)),
        Err(refusal) if refusal.is_failure() => {
            Err(Problem::new(&reasons::API_UNAVAILABLE).evidence(refusal.to_string()))
        }
        Err(refusal) => Err(wrong(refusal.code())),
    }
}

/// The credential that a request shows.
fn shown(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Err(Problem::unauthenticated(None)) };
    // Two of them would be two claims; which one counts must not depend on who reads.
    if values.next().is_some() {
        return Err(Problem::unauthenticated(Some("two credentials".to_owned())));
    }
    let text = value.to_str().unwrap_or_default();
    let (scheme, rest) = text.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") || rest.len() > MAX_CREDENTIAL {
        return Err(Problem::unauthenticated(Some("not a bearer token".to_owned())));
    }
    Ok(rest.trim())
}
