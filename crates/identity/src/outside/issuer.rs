//! One issuer outside: its tokens, and the task that keeps its keys.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_crypto::jws::{Algorithm, JwsError, VerifyingKeys};
use mantlet_types::Clock;
use tokio::sync::{Notify, watch};

use super::{Documents, Publication, Source};
use crate::revocation::RevocationIndex;
use crate::token::{TokenError, TokenPolicy, VerifiedToken, Verifier};

/// How long a request waits for keys that are being fetched.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long one try to fetch them may take, whoever fetches.
const ROUND: Duration = Duration::from_secs(15);

/// What is said of an issuer.
#[derive(Debug, Clone)]
pub struct OutsideSettings {
    /// What it is called here.
    pub name: String,
    /// Which of its tokens count.
    pub policy: TokenPolicy,
    /// Where its keys are.
    pub source: Source,
    /// The algorithms of keys that are taken.
    pub algorithms: Vec<Algorithm>,
    /// How long keys count that cannot be fetched again.
    pub keep: Duration,
}

/// What happened to an issuer's keys, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// They are now these: so many are new, so many gone.
    Changed(usize, usize),
    /// They could not be fetched.
    Failed {
        /// Why.
        why: String,
        /// Whether they could be the time before.
        is_first: bool,
    },
    /// They could not be fetched for so long that those of before no longer count.
    Dropped,
}

/// An issuer outside.
#[derive(Debug)]
pub struct OutsideIssuer {
    settings: OutsideSettings,
    verifier: Verifier,
    state: Mutex<Publication>,
    /// Somebody waits for keys.
    wanted: Notify,
    /// How many tries to fetch them have ended.
    rounds: watch::Sender<u64>,
    clock: Arc<dyn Clock>,
}

impl OutsideIssuer {
    /// An issuer whose keys nobody has fetched yet. `revocations`: where to look whether a token was
    /// ended before its time.
    #[must_use]
    pub fn new(
        settings: OutsideSettings,
        revocations: Arc<RevocationIndex>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let policy = settings.policy.clone();
        let none = VerifyingKeys::default();
        let verifier = Verifier::new(policy, none, Some(revocations), Arc::clone(&clock));
        let rounds = watch::Sender::new(0);
        Self { settings, verifier, state: Mutex::default(), wanted: Notify::new(), rounds, clock }
    }

    /// What it is called here.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Checks its tokens with the keys that are known.
    #[must_use]
    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Checks a token. One whose key is not known has the keys fetched, not too often, and waits a
    /// second for them at most.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; [`TokenError::NoKeys`] when the keys of the issuer are not known.
    pub async fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let checked = self.verifier.verify(token);
        if !matches!(checked, Err(TokenError::Signature(JwsError::UnknownKey))) {
            return checked;
        }
        self.wait_for_keys().await;
        match self.verifier.verify(token) {
            Err(TokenError::Signature(JwsError::UnknownKey)) if !self.has_keys() => {
                Err(TokenError::NoKeys)
            }
            checked => checked,
        }
    }

    /// Fetches its keys now and whenever that is due, until this is dropped; what happens goes to
    /// `tell`. One task for each issuer.
    pub async fn keep(&self, documents: &dyn Documents, tell: impl Fn(Notice)) {
        loop {
            let pause = self.fetch(documents, &tell).await;
            self.rounds.send_modify(|rounds| *rounds = rounds.wrapping_add(1));
            // Whoever waits is answered now; what is due later is not put off by being woken.
            let _ = tokio::time::timeout(pause, self.wanted.notified()).await;
        }
    }

    /// One try; after how long there is another.
    async fn fetch(&self, documents: &dyn Documents, tell: &impl Fn(Notice)) -> Duration {
        let OutsideSettings { source, algorithms, keep, .. } = &self.settings;
        let fetched = tokio::time::timeout(ROUND, source.fetch(documents, algorithms)).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        let now = self.clock.monotonic();
        match fetched {
            Ok((keys, fresh)) => {
                let pause = self.state().fetched(now, fresh);
                let (added, gone) = keys.differences(&self.verifier.keys());
                if added > 0 || gone > 0 {
                    self.verifier.replace_keys(keys);
                    tell(Notice::Changed(added, gone));
                }
                pause
            }
            Err(why) => {
                let (was_failing, counts, pause) = {
                    let mut state = self.state();
                    (state.is_failing(), state.counts(now, *keep), state.failed())
                };
                tell(Notice::Failed { why, is_first: !was_failing });
                if !counts && self.has_keys() {
                    self.verifier.replace_keys(VerifyingKeys::default());
                    tell(Notice::Dropped);
                }
                pause
            }
        }
    }

    /// Waits until the keys were fetched once more, where that is allowed.
    async fn wait_for_keys(&self) {
        let mut rounds = self.rounds.subscribe();
        if !self.state().allows(self.clock.monotonic()) {
            return;
        }
        self.wanted.notify_one();
        // What came of it shows when the token is checked again.
        let _ = tokio::time::timeout(PATIENCE, rounds.changed()).await;
    }

    fn has_keys(&self) -> bool {
        !self.verifier.keys().is_empty()
    }

    fn state(&self) -> MutexGuard<'_, Publication> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every issuer outside whose tokens count.
#[derive(Debug, Default)]
pub struct OutsideIssuers(Vec<Arc<OutsideIssuer>>);

impl OutsideIssuers {
    /// These issuers.
    #[must_use]
    pub const fn new(issuers: Vec<Arc<OutsideIssuer>>) -> Self {
        Self(issuers)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<OutsideIssuer>> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The issuer that tokens name so (`iss`), exactly; `None` for others.
    #[must_use]
    pub fn named(&self, issuer: &str) -> Option<&Arc<OutsideIssuer>> {
        let is_named =
            |it: &&Arc<OutsideIssuer>| it.settings.policy.issuer.as_deref() == Some(issuer);
        self.0.iter().find(is_named)
    }

    /// The roles that an issuer gives any of the users whom this word stands before.
    pub(crate) fn roles_of(&self, namespace: &str) -> impl Iterator<Item = &str> {
        let mappings = self.0.iter().filter_map(|it| it.settings.policy.mapping.as_deref());
        let theirs = mappings.filter(move |it| it.namespace.as_deref() == Some(namespace));
        theirs.flat_map(|it| &it.roles).map(|gives| gives.name.as_str())
    }

    /// How long a token of any of them may live at most; zero for none.
    #[must_use]
    pub fn longest_life(&self) -> Duration {
        let lives = self.0.iter().map(|it| {
            let policy = &it.settings.policy;
            policy.max_lifetime.saturating_add(policy.leeway())
        });
        lives.max().unwrap_or_default()
    }
}
