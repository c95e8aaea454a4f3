//! The keys that an issuer publishes: where they are, and when they are fetched again.

use std::time::Duration;

use mantlet_crypto::jws::{Algorithm, VerifyingKeys};
use mantlet_limit::{Cell, Quota};
use mantlet_types::Monotonic;
use serde_json::Value;

use super::{Documents, discover};

/// Keys are fetched again after at least this long, whatever the issuer says.
const SHORTEST: Duration = Duration::from_secs(60);

/// And after at most this long: a key that its issuer withdraws ends with that.
const LONGEST: Duration = Duration::from_secs(3600);

/// After this long where the issuer does not say.
const USUAL: Duration = Duration::from_secs(600);

/// How soon after a failure they are tried again; doubled each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// So many times within [`WINDOW`] a token with a key that nobody knows has them fetched at once:
/// anybody can send such tokens.
const UNKNOWN: u64 = 4;

/// The time in which [`UNKNOWN`] are given back.
const WINDOW: Duration = Duration::from_secs(60);

/// Where an issuer's keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// At this address.
    At(String),
    /// Where the issuer of this name says.
    Discovered(String),
}

impl Source {
    /// Fetches the keys of these algorithms, and how long they may be taken for current.
    ///
    /// # Errors
    /// Why there are none, for the operator.
    pub async fn fetch(
        &self,
        documents: &dyn Documents,
        algorithms: &[Algorithm],
    ) -> Result<(VerifyingKeys, Option<Duration>), String> {
        let url = match self {
            Self::At(url) => url.clone(),
            Self::Discovered(issuer) => {
                let metadata = discover(documents, issuer).await?;
                let url = metadata.get("jwks_uri").and_then(Value::as_str);
                url.ok_or_else(|| format!("`{issuer}` does not say where its keys are"))?.to_owned()
            }
        };
        let document = documents.get(&url).await?;
        let keys = VerifyingKeys::parse(&document.body);
        let keys = keys.map_err(|error| format!("the keys at `{url}`: {error}"))?;
        // A secret that is published is none: anybody could sign with it.
        let keys = keys.of_algorithms(algorithms);
        if keys.is_empty() {
            return Err(format!("`{url}` holds no key of an algorithm that is accepted"));
        }
        Ok((keys, document.fresh))
    }
}

/// When keys were fetched, and when they are again.
#[derive(Debug, Default)]
pub struct Publication {
    /// When they were fetched last.
    good: Option<Monotonic>,
    /// Failures in a row.
    failures: u32,
    /// How often a token with an unknown key had them fetched.
    unknown: Cell,
    /// Whether somebody waits for the next try.
    is_wanted: bool,
}

impl Publication {
    /// They were fetched; after how long they are again.
    pub fn fetched(&mut self, now: Monotonic, fresh: Option<Duration>) -> Duration {
        (self.good, self.failures, self.is_wanted) = (Some(now), 0, false);
        fresh.unwrap_or(USUAL).clamp(SHORTEST, LONGEST)
    }

    /// They could not be fetched; after how long they are tried again.
    pub fn failed(&mut self) -> Duration {
        self.is_wanted = false;
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        pause.min(LONGEST_PAUSE)
    }

    /// Whether the last try failed.
    #[must_use]
    pub const fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// Whether those that were fetched last still count at `now`, at most `keep` later.
    #[must_use]
    pub fn counts(&self, now: Monotonic, keep: Duration) -> bool {
        self.good.is_some_and(|good| now.since(good) <= keep)
    }

    /// Whether a token with an unknown key may have them fetched at once, or wait with those that do.
    pub fn allows(&mut self, now: Monotonic) -> bool {
        if self.is_wanted {
            return true;
        }
        let Ok(quota) = Quota::new(UNKNOWN, WINDOW, Some(UNKNOWN)) else { return false };
        let decision = quota.evaluate(&self.unknown, 1, now);
        self.unknown = decision.next;
        self.is_wanted = decision.allowed;
        decision.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(1000 + secs))
    }

    #[test]
    fn what_the_issuer_says_of_caches_holds_within_bounds() {
        let mut publication = Publication::default();
        for (said, after) in [(None, 600), (Some(0), 60), (Some(90), 90), (Some(1_000_000), 3600)] {
            let fresh = said.map(Duration::from_secs);
            assert_eq!(publication.fetched(at(0), fresh), Duration::from_secs(after), "{said:?}");
        }
    }

    #[test]
    fn the_last_good_keys_count_for_a_while() {
        let (mut publication, keep) = (Publication::default(), Duration::from_secs(100));
        assert!(!publication.counts(at(0), keep), "never fetched");
        publication.fetched(at(0), None);
        let pauses: Vec<u64> = (0..10).map(|_| publication.failed().as_secs()).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert!(publication.is_failing() && publication.counts(at(100), keep));
        assert!(!publication.counts(at(101), keep));
        publication.fetched(at(101), None);
        assert!(!publication.is_failing() && publication.failed() == FIRST_PAUSE);
    }

    #[test]
    fn unknown_keys_are_asked_for_a_few_times_a_minute() {
        let mut publication = Publication::default();
        let mut asked = |at| {
            let is_allowed = publication.allows(at) && publication.allows(at);
            publication.failed();
            is_allowed
        };
        assert_eq!(
            (0..100).filter(|_| asked(at(0))).count(),
            4,
            "those that wait together are one"
        );
        assert_eq!([asked(at(14)), asked(at(15)), asked(at(15))], [false, true, false]);
    }
}
