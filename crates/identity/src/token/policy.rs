//! Which tokens count.

use std::sync::Arc;
use std::time::Duration;

use mantlet_types::Timestamp;

use crate::outside::Mapping;

/// Which tokens count: whose they are, for whom, and what they must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPolicy {
    /// The issuer (`iss`), exactly; `None` accepts tokens that name none.
    pub issuer: Option<String>,
    /// Who they must be for (`aud`), one of these; none accepts tokens that name nobody, and only
    /// those.
    pub audiences: Vec<String>,
    /// The types of header (`typ`) that are accepted, in lower case.
    pub kinds: Vec<String>,
    /// Whether tokens without a type are accepted.
    pub accepts_no_kind: bool,
    /// The claim that names the user: `sub`, or what an older application used.
    pub subject: String,
    /// What their claims mean here; `None` where they mean what ours do.
    pub mapping: Option<Arc<Mapping>>,
    /// Whether they name the grant of ours that they are of.
    pub has_grants: bool,
    /// Whether a token must have an id (`jti`), by which it can be revoked alone.
    pub requires_id: bool,
    /// Whether a token must say when it was issued (`iat`).
    pub requires_issued: bool,
    /// By how much clocks may differ; at most five minutes count.
    pub leeway: Duration,
    /// The longest life that a token may claim, where it says when it was issued.
    pub max_lifetime: Duration,
    /// From when on such tokens are no longer accepted; `None` means never.
    pub until: Option<Timestamp>,
}

/// The most that clocks may differ.
const MAX_LEEWAY: Duration = Duration::from_secs(300);

impl TokenPolicy {
    /// For tokens of our own: `typ` is `at+jwt`, all of `iss`, `aud`, `sub`, `exp`, `iat` and `jti`
    /// are required, thirty seconds of leeway, at most a day of life.
    #[must_use]
    pub fn own(issuer: &str, audience: &str) -> Self {
        Self {
            issuer: Some(issuer.to_owned()),
            audiences: vec![audience.to_owned()],
            kinds: vec!["at+jwt".to_owned()],
            accepts_no_kind: false,
            subject: "sub".to_owned(),
            mapping: None,
            has_grants: true,
            requires_id: true,
            requires_issued: true,
            leeway: Duration::from_secs(30),
            max_lifetime: Duration::from_secs(86_400),
            until: None,
        }
    }

    /// For tokens of an issuer outside: as ours, but `typ` may be `jwt` or missing, and `jti` may be
    /// missing, as with most of them.
    #[must_use]
    pub fn outside(issuer: &str, audience: &str) -> Self {
        Self {
            kinds: vec!["at+jwt".to_owned(), "jwt".to_owned()],
            accepts_no_kind: true,
            requires_id: false,
            has_grants: false,
            ..Self::own(issuer, audience)
        }
    }

    /// For tokens that an application made with PyJWT and a shared secret: no issuer and no
    /// audience, the user in the claim `subject`, accepted until `until` and not longer. `exp` is
    /// required.
    #[must_use]
    pub fn legacy(subject: &str, until: Timestamp) -> Self {
        Self {
            issuer: None,
            audiences: Vec::new(),
            subject: subject.to_owned(),
            requires_issued: false,
            until: Some(until),
            ..Self::outside("", "")
        }
    }

    /// By how much clocks may differ.
    #[must_use]
    pub fn leeway(&self) -> Duration {
        self.leeway.min(MAX_LEEWAY)
    }
}
