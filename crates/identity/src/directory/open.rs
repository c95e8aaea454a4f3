//! Putting the parts together.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use mantlet_crypto::jws::{Algorithm, JwkError};
use mantlet_crypto::password::Cost;
use mantlet_crypto::{KeyRing, MacKeys, RingError};
use mantlet_limit::{KeyHasher, MemoryCounters};
use mantlet_types::{Clock, Revocation, Rng};

use super::{ASSERTION_PURPOSE, Directory, FORM_PURPOSE};
use crate::api_key::{ApiKeyError, ApiKeyPolicy, ApiKeys};
use crate::cache::Cache;
use crate::factor::{SecondFactors, TotpPolicy};
use crate::lockout::{Lockout, LockoutPolicy};
use crate::password::{HashPool, PasswordPolicy, Passwords, PoolError};
use crate::revocation::{RevocationIndex, Revocations};
use crate::session::{SessionPolicy, Sessions};
use crate::signin::SignIn;
use crate::store::Repositories;
use crate::token::{TokenIssuer, TokenKeys, TokenPolicy, Verifier};
use crate::{api_key, factor, lockout, refresh, token};

/// What keys of the ring a directory needs, one active for each.
pub const PURPOSES: [&str; 8] = [
    api_key::PURPOSE,
    token::PURPOSE,
    refresh::PURPOSE,
    factor::PURPOSE,
    factor::RECOVERY_PURPOSE,
    lockout::PURPOSE,
    ASSERTION_PURPOSE,
    FORM_PURPOSE,
];

/// How long what the store said of a key or an account is taken for true. What ends is noticed
/// sooner, by the revocation index.
const BELIEVE: Duration = Duration::from_millis(500);

/// How old the knowledge of what another process ended may be.
const MAX_AGE: Duration = Duration::from_secs(1);

/// How long a checked signature is remembered.
const SIGNATURES: Duration = Duration::from_secs(30);

/// How many ends of credentials are held in memory, and as many of users.
const MOST_ENDED: usize = 100_000;

/// The numbers of everything.
#[derive(Debug, Clone)]
pub struct Policies {
    /// Sessions.
    pub sessions: SessionPolicy,
    /// API keys.
    pub api_keys: ApiKeyPolicy,
    /// New passwords.
    pub passwords: PasswordPolicy,
    /// What their hashes cost.
    pub cost: Cost,
    /// How many hashes are made at once, and how many may wait.
    pub hashing: (usize, usize),
    /// Codes of a clock.
    pub totp: TotpPolicy,
    /// Guessing.
    pub lockout: LockoutPolicy,
    /// How many counts of the lockout are remembered.
    pub lockout_counters: usize,
    /// The issuer of our tokens and whom they are for.
    pub tokens: (String, String),
    /// How long our tokens live.
    pub token_lifetime: Duration,
    /// How many keys, tokens and accounts are remembered.
    pub remembered: usize,
}

/// Adds the keys that are missing in a ring; whether there were any. A ring that has changed is to
/// be saved before it is used.
///
/// # Errors
/// [`RingError::Full`].
pub fn complete(ring: &mut KeyRing, now: SystemTime, rng: &dyn Rng) -> Result<bool, RingError> {
    let mut has_changed = false;
    for purpose in PURPOSES {
        if ring.active(purpose).is_none() {
            ring.rotate(purpose, now, rng)?;
            has_changed = true;
        }
    }
    Ok(has_changed)
}

impl Directory {
    /// Everything over `repositories`, with the keys of `ring` ([`complete`]). `connections`: those
    /// that hold long-lived connections of users. Call [`Revocations::refresh`] before the first
    /// request and twice a second from then on.
    ///
    /// # Errors
    /// [`DirectoryError`] when the ring lacks a key, or there is no thread or memory for hashing.
    pub fn open(
        repositories: Repositories,
        ring: &KeyRing,
        policies: Policies,
        connections: Vec<Arc<dyn Revocation>>,
        (clock, rng): (Arc<dyn Clock>, Arc<dyn Rng>),
    ) -> Result<Self, DirectoryError> {
        let macs = |purpose| MacKeys::of_ring(ring, purpose).ok_or(DirectoryError::NoKey(purpose));
        let index = Arc::new(RevocationIndex::new(MOST_ENDED, Some(MAX_AGE)));
        let ends = Arc::clone(&repositories.revocations);
        let revocations = Arc::new(Revocations::new(ends, index, connections, Arc::clone(&clock)));
        let (threads, waiting) = policies.hashing;
        let pool = HashPool::new(threads, waiting).map_err(DirectoryError::NoThread)?;
        let passwords = Arc::new(Passwords::new(pool, policies.cost, Arc::clone(&rng))?);
        let counters = Arc::new(MemoryCounters::new(policies.lockout_counters));
        let hasher = KeyHasher::new(&*rng);
        let lockout = Lockout::new(counters, hasher, policies.lockout, 0, Arc::clone(&clock));
        let lockout = Arc::new(lockout);
        let (issuer, audience) = (policies.tokens.0.as_str(), policies.tokens.1.as_str());
        let keys_of = |purpose, algorithm| {
            TokenKeys::of_purpose(ring, purpose, algorithm)?.ok_or(DirectoryError::NoKey(purpose))
        };
        let tokens = || keys_of(token::PURPOSE, Algorithm::EdDsa);
        let own = TokenPolicy {
            max_lifetime: policies.token_lifetime,
            ..TokenPolicy::own(issuer, audience)
        };
        let token_keys = tokens()?;
        let known = Some(Arc::clone(revocations.index()));
        Ok(Self {
            accounts: Arc::clone(&repositories.accounts),
            sessions: Sessions::new(
                Arc::clone(&repositories.sessions),
                Arc::clone(&revocations),
                policies.sessions,
                Arc::clone(&clock),
                Arc::clone(&rng),
            ),
            api_keys: ApiKeys::new(
                (Arc::clone(&repositories.api_keys), Arc::clone(&revocations)),
                macs(api_key::PURPOSE)?,
                policies.api_keys,
                Arc::clone(&clock),
                Arc::clone(&rng),
            )?,
            factors: SecondFactors::new(
                Arc::clone(&repositories.factors),
                ring.clone(),
                policies.totp,
                Arc::clone(&clock),
                Arc::clone(&rng),
            ),
            signin: SignIn::new(
                Arc::clone(&repositories.accounts),
                Arc::clone(&passwords),
                Arc::clone(&lockout),
                macs(lockout::PURPOSE)?,
                Arc::clone(&clock),
            ),
            issuer: TokenIssuer::new(
                (issuer, audience),
                policies.token_lifetime,
                tokens()?,
                Arc::clone(&clock),
                Arc::clone(&rng),
            ),
            verifier: Verifier::new(own, token_keys.verifying().clone(), known, Arc::clone(&clock)),
            token_keys: Arc::new(token_keys),
            assertion_keys: Arc::new(keys_of(ASSERTION_PURPOSE, Algorithm::Es256)?),
            forms: ArcSwap::from_pointee(macs(FORM_PURPOSE)?),
            known_keys: Cache::new(policies.remembered, BELIEVE),
            known_tokens: Cache::new(policies.remembered, SIGNATURES),
            standings: Cache::new(policies.remembered, BELIEVE),
            password_policy: policies.passwords,
            passwords,
            lockout,
            revocations,
            repositories,
            clock,
            rng,
        })
    }
}

/// Why the parts cannot be put together.
#[derive(Debug)]
pub enum DirectoryError {
    /// The ring has no active key for this purpose.
    NoKey(&'static str),
    /// A key of the ring cannot sign.
    Key(JwkError),
    /// The settings of API keys.
    ApiKeys(ApiKeyError),
    /// The system gives no thread for hashing.
    NoThread(std::io::Error),
    /// There is no memory for hashing.
    Passwords(PoolError),
}

impl fmt::Display for DirectoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey(purpose) => write!(f, "the key ring has no key for `{purpose}`"),
            Self::Key(error) => error.fmt(f),
            Self::ApiKeys(error) => error.fmt(f),
            Self::NoThread(error) => write!(f, "no thread for hashing passwords: {error}"),
            Self::Passwords(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DirectoryError {}

impl From<JwkError> for DirectoryError {
    fn from(error: JwkError) -> Self {
        Self::Key(error)
    }
}

impl From<ApiKeyError> for DirectoryError {
    fn from(error: ApiKeyError) -> Self {
        Self::ApiKeys(error)
    }
}

impl From<PoolError> for DirectoryError {
    fn from(error: PoolError) -> Self {
        Self::Passwords(error)
    }
}
