//! Issuing, verifying, rotating and revoking.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use mantlet_crypto::MacKeys;
use mantlet_types::{Clock, Rng, Timestamp};

use super::text::{PresentedKey, is_environment};
use super::{
    ApiKeyError, ApiKeyId, ApiKeyPolicy, ApiKeyRecord, ApiKeyRefusal, ApiKeyStore, Grants,
    IssuedApiKey, Scopes, SecretVersion,
};
use crate::revocation::{Ended, Revocations, Standing, What};
use crate::time::{after, since};
use crate::{Trace, UserId};

/// The most networks of one key.
const MAX_NETWORKS: usize = 64;

/// The most characters of a label.
const MAX_LABEL: usize = 100;

/// What is asked for when a key is issued.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whom the key acts for.
    pub owner: UserId,
    /// What to call it: 1 to 100 printable characters.
    pub label: String,
    /// What it may do.
    pub scopes: Scopes,
    /// From where it may be used; empty means from anywhere.
    pub networks: Vec<IpNet>,
    /// How long it lives; `None` means the policy's default.
    pub lifetime: Option<Duration>,
}

/// Who issues a key, and what they hold themselves.
#[derive(Debug, Clone)]
pub struct Issuer {
    /// Who.
    pub id: UserId,
    /// What they hold.
    pub holds: Grants,
}

/// A key that was accepted.
#[derive(Debug, Clone)]
pub struct VerifiedApiKey {
    /// Its record.
    pub record: Arc<ApiKeyRecord>,
    /// The number of the secret that was used: an old one means that a rotation is not finished.
    pub version: u32,
}

/// API keys over a store.
#[derive(Debug)]
pub struct ApiKeys {
    store: Arc<dyn ApiKeyStore>,
    revocations: Arc<Revocations>,
    keys: ArcSwap<MacKeys>,
    policy: ApiKeyPolicy,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl ApiKeys {
    /// API keys in `store`, hashed with `keys` (of the ring, for [`super::PURPOSE`]); what is revoked
    /// is told to `revocations`, for those who keep records in memory.
    ///
    /// # Errors
    /// [`ApiKeyError::Environment`] when the policy's environment cannot stand in a key.
    pub fn new(
        (store, revocations): (Arc<dyn ApiKeyStore>, Arc<Revocations>),
        keys: MacKeys,
        policy: ApiKeyPolicy,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, ApiKeyError> {
        if !is_environment(&policy.environment) {
            return Err(ApiKeyError::Environment(policy.environment));
        }
        let keys = ArcSwap::from_pointee(keys);
        Ok(Self { store, revocations, keys, policy, clock, rng })
    }

    /// Takes new keys of the ring: after one was rotated or revoked.
    pub fn replace_keys(&self, keys: MacKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// Issues a key. Its text is in the answer and nowhere else.
    ///
    /// # Errors
    /// [`ApiKeyError`] when the wish is not well-formed, asks for more than the issuer holds, or the
    /// store does not take it.
    pub async fn issue(
        &self,
        wish: NewApiKey,
        issuer: &Issuer,
    ) -> Result<IssuedApiKey, ApiKeyError> {
        let now = self.clock.now();
        let lifetime = self.allowed_lifetime(&wish)?;
        let missing = issuer.holds.missing(&wish.scopes);
        if !missing.is_empty() {
            return Err(ApiKeyError::BeyondIssuer(
                missing.into_iter().map(str::to_owned).collect(),
            ));
        }
        let issued = IssuedApiKey::generate(&self.policy.environment, &*self.rng);
        let record = ApiKeyRecord {
            id: issued.id(),
            environment: self.policy.environment.clone(),
            owner: wish.owner,
            label: wish.label,
            scopes: wish.scopes,
            networks: wish.networks.iter().map(IpNet::trunc).collect(),
            issued_by: issuer.id.clone(),
            created: now,
            expires: after(now, lifetime),
            versions: vec![self.version_of(&issued, 1, now)?],
            revision: 0,
            last_used: None,
            revoked: None,
        };
        self.store.add(record, self.policy.max_per_owner).await?;
        Ok(issued)
    }

    /// Checks a key that a client at `address` presented, and notes its use. Whether the owner's
    /// account is open, and what it may, is asked where the owner's roles are.
    ///
    /// # Errors
    /// [`ApiKeyRefusal`]: why, for the log.
    pub async fn verify(
        &self,
        presented: &str,
        address: IpAddr,
    ) -> Result<VerifiedApiKey, ApiKeyRefusal> {
        let presented = self.parse(presented)?;
        let found = self.store.lookup(presented.id()).await.map_err(ApiKeyRefusal::Store)?;
        let record = found.ok_or(ApiKeyRefusal::Unknown)?;
        let now = self.clock.now();
        let version = record.check(&presented, &self.keys.load(), address, now)?;
        if self.is_touch_due(&record, now) {
            // A use that cannot be noted is no reason to refuse it.
            let _ = self.store.touch(record.id, now).await;
        }
        Ok(VerifiedApiKey { record, version })
    }

    /// Reads what a client presented.
    ///
    /// # Errors
    /// [`ApiKeyRefusal::Malformed`] and [`ApiKeyRefusal::Environment`]: no store need be asked.
    pub fn parse<'a>(&self, presented: &'a str) -> Result<PresentedKey<'a>, ApiKeyRefusal> {
        let presented = PresentedKey::parse(presented).ok_or(ApiKeyRefusal::Malformed)?;
        if presented.environment() != self.policy.environment {
            return Err(ApiKeyRefusal::Environment);
        }
        Ok(presented)
    }

    /// Checks a key against a record at hand: for callers that keep records in memory. A record that
    /// was revoked meanwhile, here or by another process, is refused within a second. The answer is
    /// the number of the secret.
    ///
    /// # Errors
    /// As [`ApiKeyRecord::check`]; [`ApiKeyRefusal::Stale`] when the record must be looked up again.
    pub fn check(
        &self,
        presented: &PresentedKey<'_>,
        record: &ApiKeyRecord,
        address: IpAddr,
    ) -> Result<u32, ApiKeyRefusal> {
        let now = (self.clock.now(), self.clock.monotonic());
        let version = record.check(presented, &self.keys.load(), address, now.0)?;
        let what = What::ApiKey(record.id);
        match self.revocations.index().standing(Some(what), None, record.created, now) {
            Standing::InForce => Ok(version),
            Standing::Ended => Err(ApiKeyRefusal::Revoked { at: now.0 }),
            Standing::Unsure | Standing::AskStore => Err(ApiKeyRefusal::Stale),
        }
    }

    /// Whether a use at `now` is to be written with [`ApiKeyStore::touch`].
    #[must_use]
    pub fn is_touch_due(&self, record: &ApiKeyRecord, now: Timestamp) -> bool {
        record.last_used.is_none_or(|last| since(now, last) >= self.policy.touch_every)
    }

    /// The keys of an owner, oldest first, ended ones among them.
    ///
    /// # Errors
    /// [`ApiKeyError::Store`].
    pub async fn list(&self, owner: &UserId) -> Result<Vec<Arc<ApiKeyRecord>>, ApiKeyError> {
        Ok(self.store.list(owner).await?)
    }

    /// Gives a key a new secret. The old ones stay valid for `grace` (bounded by the policy), so
    /// that they can be replaced wherever they are used; id, scopes and end stay as they are.
    ///
    /// # Errors
    /// [`ApiKeyError::NotInForce`], [`ApiKeyError::Changed`] when two rotate at once, and as
    /// [`ApiKeys::issue`].
    pub async fn rotate(&self, id: ApiKeyId, grace: Duration) -> Result<IssuedApiKey, ApiKeyError> {
        let now = self.clock.now();
        let record = self.store.lookup(id).await?.filter(|record| record.is_in_force(now));
        let record = record.ok_or(ApiKeyError::NotInForce(id))?;
        let issued = IssuedApiKey::of_id(&record.environment, id, &*self.rng);
        let last = record.versions.iter().map(|version| version.number).max();
        let number = last.unwrap_or(0).saturating_add(1);
        let mut versions = still_valid(&record, after(now, grace.min(self.policy.max_grace)), now);
        let room = self.policy.max_versions.saturating_sub(1);
        versions.drain(..versions.len().saturating_sub(room));
        versions.push(self.version_of(&issued, number, now)?);
        if !self.store.replace_versions(id, record.revision, versions).await? {
            return Err(ApiKeyError::Changed(id));
        }
        Ok(issued)
    }

    /// Ends a key for good. Who, when and why stay on record; revoking twice changes nothing.
    ///
    /// # Errors
    /// [`ApiKeyError::NotInForce`] when there is no such key or it was revoked before.
    pub async fn revoke(&self, id: ApiKeyId, by: &UserId, why: &str) -> Result<(), ApiKeyError> {
        let trace = Trace::new(self.clock.now(), by, why);
        if !self.store.revoke(id, trace).await? {
            return Err(ApiKeyError::NotInForce(id));
        }
        let record = self.store.lookup(id).await?.ok_or(ApiKeyError::NotInForce(id))?;
        let ended = Ended::one(What::ApiKey(id), record.expires);
        Ok(self.revocations.end(ended, by, why).await?)
    }

    /// How long a key may live, after the rest of the wish was found in order.
    fn allowed_lifetime(&self, wish: &NewApiKey) -> Result<Duration, ApiKeyError> {
        let is_readable =
            !wish.label.chars().any(char::is_control) && !wish.label.trim().is_empty();
        if !is_readable || wish.label.chars().count() > MAX_LABEL {
            return Err(ApiKeyError::Label);
        }
        if wish.networks.len() > MAX_NETWORKS {
            return Err(ApiKeyError::Networks(MAX_NETWORKS));
        }
        let lifetime = wish.lifetime.unwrap_or(self.policy.default_lifetime);
        if lifetime.is_zero() || lifetime > self.policy.max_lifetime {
            return Err(ApiKeyError::Expiry);
        }
        Ok(lifetime)
    }

    fn version_of(
        &self,
        issued: &IssuedApiKey,
        number: u32,
        now: Timestamp,
    ) -> Result<SecretVersion, ApiKeyError> {
        let keys = self.keys.load();
        let (key, mac) = keys.active().ok_or(ApiKeyError::NoKey)?;
        let presented = issued.presented().ok_or(ApiKeyError::NoKey)?;
        let tag = mac.tag(presented.hashed());
        Ok(SecretVersion { number, key, tag, created: now, until: None })
    }
}

/// The secrets that are valid now, each until `end` at the latest.
fn still_valid(record: &ApiKeyRecord, end: Timestamp, now: Timestamp) -> Vec<SecretVersion> {
    let bound = |version: &SecretVersion| {
        let until = version.until.map_or(end, |until| until.min(end));
        (until > now).then(|| SecretVersion { until: Some(until), ..version.clone() })
    };
    record.versions.iter().filter_map(bound).collect()
}
