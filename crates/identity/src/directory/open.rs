//! Putting the parts together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_crypto::jws::{Algorithm, JwkError, VerifyingKeys};
use mantlet_crypto::password::Cost;
use mantlet_crypto::{KeyRing, MacKeys};
use mantlet_limit::{KeyHasher, MemoryCounters};
use mantlet_types::{Clock, Revocation, Rng};

use super::{ASSERTION_PURPOSE, Directory, FORM_PURPOSE, Turns};
use crate::api_key::{ApiKeyError, ApiKeyPolicy, ApiKeys};
use crate::cache::Cache;
use crate::certificate::Certificates;
use crate::factor::{SecondFactors, TotpPolicy};
use crate::lockout::{Lockout, LockoutPolicy};
use crate::outside::{OutsideIssuer, OutsideIssuers, OutsideSettings};
use crate::passkey::Passkeys;
use crate::password::{HashPool, PasswordPolicy, Passwords, PoolError};
use crate::password_link::{LinkPolicy, Links};
use crate::refresh::{RefreshPolicy, RefreshTokens};
use crate::revocation::{RevocationIndex, Revocations};
use crate::session::{SessionPolicy, Sessions};
use crate::signin::SignIn;
use crate::store::Repositories;
use crate::ticket::{TicketPolicy, Tickets};
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
    /// The most passkeys of one user.
    pub most_passkeys: usize,
    /// Guessing.
    pub lockout: LockoutPolicy,
    /// How many counts of the lockout are remembered.
    pub lockout_counters: usize,
    /// The issuer of our tokens and whom they are for.
    pub tokens: (String, String),
    /// How long our tokens live.
    pub token_lifetime: Duration,
    /// Tokens of an application before us: the key that they are signed with, and which count.
    pub legacy: Option<(VerifyingKeys, TokenPolicy)>,
    /// Issuers outside whose tokens count.
    pub outside: Vec<OutsideSettings>,
    /// Certificates of clients that stand for somebody.
    pub certificates: Certificates,
    /// Links by which somebody sets their password.
    pub password_links: LinkPolicy,
    /// Refresh tokens.
    pub refresh: RefreshPolicy,
    /// Tickets.
    pub tickets: TicketPolicy,
    /// How many keys, tokens and accounts are remembered.
    pub remembered: usize,
}

impl Directory {
    /// Everything over `repositories`, with the keys of `ring`, one active for each of [`PURPOSES`].
    /// `connections`: those that hold long-lived connections of users. Call [`Revocations::refresh`]
    /// before the first request and twice a second from then on.
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
        let index = Arc::new(RevocationIndex::new(MOST_ENDED, Some(MAX_AGE)));
        let ends = Arc::clone(&repositories.revocations);
        let revocations = Arc::new(Revocations::new(ends, index, connections, Arc::clone(&clock)));
        let parts = Parts {
            repositories: &repositories,
            revocations: &revocations,
            ring,
            clock: &clock,
            rng: &rng,
        };
        let passwords = Arc::new(parts.passwords(policies.hashing, policies.cost)?);
        let lockout = Arc::new(parts.lockout(policies.lockout, policies.lockout_counters));
        let token_keys = parts.keys(token::PURPOSE, Algorithm::EdDsa)?;
        Ok(Self {
            accounts: Arc::clone(&repositories.accounts),
            sessions: parts.sessions(policies.sessions),
            api_keys: parts.api_keys(policies.api_keys)?,
            factors: parts.factors(policies.totp),
            passkeys: parts.passkeys(policies.most_passkeys),
            signin: parts.signin(&passwords, &lockout)?,
            issuer: parts.issuer(&policies.tokens, policies.token_lifetime)?,
            verifier: parts.verifier(&token_keys, &policies.tokens, policies.token_lifetime),
            legacy: policies.legacy.map(|legacy| parts.legacy(legacy)),
            outside: parts.outside(policies.outside),
            password_links: parts.password_links(policies.password_links),
            certificates: policies.certificates,
            refresh_tokens: parts.refresh_tokens(policies.refresh)?,
            tickets: Tickets::new(policies.tickets, Arc::clone(&clock), Arc::clone(&rng)),
            turns: Turns::new(),
            token_keys: Arc::new(token_keys),
            assertion_keys: Arc::new(parts.keys(ASSERTION_PURPOSE, Algorithm::Es256)?),
            forms: ArcSwap::from_pointee(parts.macs(FORM_PURPOSE)?),
            known_keys: Cache::new(policies.remembered, BELIEVE),
            known_tokens: Cache::new(policies.remembered, SIGNATURES),
            standings: Cache::new(policies.remembered, BELIEVE),
            changes: AtomicU64::new(0),
            password_policy: policies.passwords,
            passwords,
            lockout,
            revocations: Arc::clone(&revocations),
            clock: Arc::clone(&clock),
            rng: Arc::clone(&rng),
            repositories,
        })
    }
}

/// What every part is made of.
struct Parts<'a> {
    repositories: &'a Repositories,
    revocations: &'a Arc<Revocations>,
    ring: &'a KeyRing,
    clock: &'a Arc<dyn Clock>,
    rng: &'a Arc<dyn Rng>,
}

impl Parts<'_> {
    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.clock)
    }

    fn rng(&self) -> Arc<dyn Rng> {
        Arc::clone(self.rng)
    }

    fn macs(&self, purpose: &'static str) -> Result<MacKeys, DirectoryError> {
        MacKeys::of_ring(self.ring, purpose).ok_or(DirectoryError::NoKey(purpose))
    }

    fn keys(
        &self,
        purpose: &'static str,
        algorithm: Algorithm,
    ) -> Result<TokenKeys, DirectoryError> {
        let keys = TokenKeys::of_purpose(self.ring, purpose, algorithm)?;
        keys.ok_or(DirectoryError::NoKey(purpose))
    }

    fn passwords(
        &self,
        (threads, waiting): (usize, usize),
        cost: Cost,
    ) -> Result<Passwords, DirectoryError> {
        let pool = HashPool::new(threads, waiting).map_err(DirectoryError::NoThread)?;
        Ok(Passwords::new(pool, cost, self.rng())?)
    }

    fn lockout(&self, policy: LockoutPolicy, counters: usize) -> Lockout {
        let counters = Arc::new(MemoryCounters::new(counters));
        Lockout::new(counters, KeyHasher::new(&**self.rng), policy, 0, self.clock())
    }

    fn sessions(&self, policy: SessionPolicy) -> Sessions {
        let (store, ends) = (&self.repositories.sessions, self.revocations);
        Sessions::new(Arc::clone(store), Arc::clone(ends), policy, self.clock(), self.rng())
    }

    fn api_keys(&self, policy: ApiKeyPolicy) -> Result<ApiKeys, DirectoryError> {
        let (store, ends) = (&self.repositories.api_keys, self.revocations);
        let keys = self.macs(api_key::PURPOSE)?;
        let over = (Arc::clone(store), Arc::clone(ends));
        Ok(ApiKeys::new(over, keys, policy, self.clock(), self.rng())?)
    }

    fn legacy(&self, (keys, policy): (VerifyingKeys, TokenPolicy)) -> Verifier {
        let ended = Some(Arc::clone(self.revocations.index()));
        Verifier::new(policy, keys, ended, self.clock())
    }

    fn outside(&self, issuers: Vec<OutsideSettings>) -> OutsideIssuers {
        let open = |settings| {
            let ended = Arc::clone(self.revocations.index());
            Arc::new(OutsideIssuer::new(settings, ended, self.clock()))
        };
        OutsideIssuers::new(issuers.into_iter().map(open).collect())
    }

    fn password_links(&self, policy: LinkPolicy) -> Links {
        let over = (
            Arc::clone(&self.repositories.password_links),
            Arc::clone(&self.repositories.accounts),
        );
        Links::new(over, policy, self.clock(), self.rng())
    }

    fn refresh_tokens(&self, policy: RefreshPolicy) -> Result<RefreshTokens, DirectoryError> {
        let Repositories { refresh, accounts, .. } = self.repositories;
        let over = (Arc::clone(refresh), Arc::clone(accounts));
        let keys = self.macs(refresh::PURPOSE)?;
        Ok(RefreshTokens::new(over, keys, policy, self.clock(), self.rng()))
    }

    fn factors(&self, policy: TotpPolicy) -> SecondFactors {
        let store = Arc::clone(&self.repositories.factors);
        SecondFactors::new(store, self.ring.clone(), policy, self.clock(), self.rng())
    }

    fn passkeys(&self, most: usize) -> Passkeys {
        Passkeys::new(Arc::clone(&self.repositories.passkeys), most, self.clock(), self.rng())
    }

    fn signin(
        &self,
        passwords: &Arc<Passwords>,
        lockout: &Arc<Lockout>,
    ) -> Result<SignIn, DirectoryError> {
        let accounts = Arc::clone(&self.repositories.accounts);
        let (passwords, lockout) = (Arc::clone(passwords), Arc::clone(lockout));
        let devices = self.macs(lockout::PURPOSE)?;
        Ok(SignIn::new(accounts, passwords, lockout, devices, self.clock()))
    }

    fn issuer(
        &self,
        (issuer, audience): &(String, String),
        lifetime: Duration,
    ) -> Result<TokenIssuer, DirectoryError> {
        let keys = self.keys(token::PURPOSE, Algorithm::EdDsa)?;
        Ok(TokenIssuer::new((issuer, audience), lifetime, keys, self.clock(), self.rng()))
    }

    fn verifier(
        &self,
        keys: &TokenKeys,
        (issuer, audience): &(String, String),
        lifetime: Duration,
    ) -> Verifier {
        let own = TokenPolicy { max_lifetime: lifetime, ..TokenPolicy::own(issuer, audience) };
        let ended = Some(Arc::clone(self.revocations.index()));
        Verifier::new(own, keys.verifying().clone(), ended, self.clock())
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
