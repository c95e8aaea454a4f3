//! Setting up and checking second factors.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mantlet_crypto::{KeyId, KeyRing, MacKey, open, seal};
use mantlet_types::{Clock, Rng};

use super::recovery::hash;
use super::{
    FactorStore, PURPOSE, RECOVERY_PURPOSE, RecoveryCodes, TotpPolicy, TotpRecord, TotpSecret,
};
use crate::UserId;
use crate::store::StoreError;

/// Second factors over a store.
#[derive(Debug)]
pub struct SecondFactors {
    store: Arc<dyn FactorStore>,
    ring: ArcSwap<KeyRing>,
    policy: TotpPolicy,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl SecondFactors {
    /// Second factors in `store`, under keys of `ring`.
    #[must_use]
    pub fn new(
        store: Arc<dyn FactorStore>,
        ring: KeyRing,
        policy: TotpPolicy,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self { store, ring: ArcSwap::from_pointee(ring), policy, clock, rng }
    }

    /// Takes the ring anew.
    pub fn replace_ring(&self, ring: KeyRing) {
        self.ring.store(Arc::new(ring));
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &TotpPolicy {
        &self.policy
    }

    /// Begins to set up a clock: its secret is shown, and guards once a code of it was shown back
    /// ([`SecondFactors::check_totp`]).
    ///
    /// # Errors
    /// [`FactorError::Present`] when the user has one, which must be removed first.
    pub async fn enrol_totp(&self, user: &UserId) -> Result<TotpSecret, FactorError> {
        let secret = TotpSecret::generate(&*self.rng);
        let record = {
            let ring = self.ring.load();
            let (key, sealing) = ring.active(PURPOSE).ok_or(FactorError::NoKey)?;
            let sealed = seal(sealing, &context(user), secret.expose(), &*self.rng);
            TotpRecord { key, sealed, is_confirmed: false, used: None }
        };
        let is_set = self.store.set_totp(user, record).await?;
        is_set.then_some(secret).ok_or(FactorError::Present)
    }

    /// Checks a code of the user's clock and uses it up. The first one confirms the clock.
    ///
    /// # Errors
    /// [`FactorError::Wrong`] for a wrong code, for one that was used and for an older one.
    pub async fn check_totp(&self, user: &UserId, code: &str) -> Result<(), FactorError> {
        let record = self.store.totp(user).await?.ok_or(FactorError::Absent)?;
        let secret = self.unseal(user, &record)?;
        let now = self.clock.now();
        let step = secret.step_of(code, record.used, self.policy.drift, now);
        let step = step.ok_or(FactorError::Wrong)?;
        let is_first = self.store.use_step(user, &record.sealed, step).await?;
        is_first.then_some(()).ok_or(FactorError::Wrong)
    }

    /// Whether a confirmed clock guards this user.
    ///
    /// # Errors
    /// [`FactorError::Store`].
    pub async fn has_totp(&self, user: &UserId) -> Result<bool, FactorError> {
        Ok(self.store.totp(user).await?.is_some_and(|totp| totp.is_confirmed))
    }

    /// Makes new recovery codes; those before no longer count.
    ///
    /// # Errors
    /// [`FactorError::NoKey`], [`FactorError::Store`].
    pub async fn renew_recovery(&self, user: &UserId) -> Result<RecoveryCodes, FactorError> {
        let codes = RecoveryCodes::generate(&*self.rng);
        let key = self.ring.load().active(RECOVERY_PURPOSE).map(|(id, _)| id);
        let key = key.ok_or(FactorError::NoKey)?;
        let hashes = codes.hashes(user, &self.recovery_key(key)?);
        self.store.set_recovery(user, key, hashes).await?;
        Ok(codes)
    }

    /// Checks a recovery code, uses it up, and says how many are left.
    ///
    /// # Errors
    /// [`FactorError::Wrong`] for a wrong code and for one that was used.
    pub async fn check_recovery(&self, user: &UserId, code: &str) -> Result<usize, FactorError> {
        let (key, _) = self.store.recovery(user).await?.ok_or(FactorError::Absent)?;
        let hash = hash(code, user, &self.recovery_key(key)?);
        if !self.store.use_recovery(user, hash).await? {
            return Err(FactorError::Wrong);
        }
        Ok(self.store.recovery(user).await?.map_or(0, |(_, left)| left))
    }

    /// Removes all second factors of a user: after a check of who asks.
    ///
    /// # Errors
    /// [`FactorError::Store`].
    pub async fn remove_all(&self, user: &UserId) -> Result<(), FactorError> {
        Ok(self.store.remove_all(user).await?)
    }

    fn unseal(&self, user: &UserId, record: &TotpRecord) -> Result<TotpSecret, FactorError> {
        let ring = self.ring.load();
        let key = ring.find(PURPOSE, record.key).ok_or(FactorError::NoKey)?;
        let bytes = open(key, &context(user), &record.sealed).map_err(|_| FactorError::NoKey)?;
        TotpSecret::from_bytes(&bytes).ok_or(FactorError::NoKey)
    }

    fn recovery_key(&self, id: KeyId) -> Result<MacKey, FactorError> {
        let ring = self.ring.load();
        ring.find(RECOVERY_PURPOSE, id).map(MacKey::new).ok_or(FactorError::NoKey)
    }
}

/// What the seal is bound to: a secret moved to another user does not open.
fn context(user: &UserId) -> Vec<u8> {
    format!("identity/totp/{user}").into_bytes()
}

/// Why a second factor does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorError {
    /// The code is wrong, old, or was used.
    Wrong,
    /// The user has no such factor.
    Absent,
    /// The user has one already.
    Present,
    /// The key of the ring that it needs is not there.
    NoKey,
    /// The store cannot tell: identity fails closed.
    Store(StoreError),
}

impl fmt::Display for FactorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrong => "the code is wrong, old, or was used before",
            Self::Absent => "no such second factor is set up",
            Self::Present => "a second factor is set up already: remove it first",
            Self::NoKey => "the key ring lacks the key of second factors: restore or rotate it",
            Self::Store(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for FactorError {}

impl From<StoreError> for FactorError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
