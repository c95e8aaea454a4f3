//! Giving out and using refresh tokens.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_crypto::MacKeys;
use mantlet_types::{Clock, Rng, Timestamp};

use super::text::{IssuedRefresh, PresentedRefresh};
use super::{Family, FamilyId, RefreshError, RefreshStore};
use crate::account::{Accounts, Standing};
use crate::checked_text::random_digits;
use crate::store::StoreError;
use crate::time::{after, since};
use crate::{Trace, UserId};

/// How often a family is read again when somebody else changes it meanwhile.
const ATTEMPTS: usize = 4;

/// The most characters of a client's name that are kept.
const MAX_CLIENT: usize = 100;

/// How long refresh tokens count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshPolicy {
    /// How long a family lives, however often it is used.
    pub lifetime: Duration,
    /// How long it lives unused.
    pub idle: Duration,
    /// How long a used token gives its successor once more, for an answer that got lost.
    pub grace: Duration,
    /// The most families of one user at once.
    pub max_per_user: usize,
}

impl Default for RefreshPolicy {
    /// Thirty days, seven of them unused, ten seconds of grace, fifty families.
    fn default() -> Self {
        let day = Duration::from_secs(86_400);
        let grace = Duration::from_secs(10);
        Self { lifetime: 30 * day, idle: 7 * day, grace, max_per_user: 50 }
    }
}

/// What using a token gave.
#[derive(Debug)]
pub struct Refreshed {
    /// The next token.
    pub token: IssuedRefresh,
    /// Whose it is.
    pub user: UserId,
    /// Which family.
    pub family: FamilyId,
    /// What its access tokens are bounded to, as the sign-in said.
    pub scopes: Option<Vec<String>>,
    /// What the user may now: never taken from an older token.
    pub standing: Standing,
    /// Whether this answers a question that was answered before.
    pub is_repeated: bool,
}

/// Refresh tokens over a store.
#[derive(Debug)]
pub struct RefreshTokens {
    store: Arc<dyn RefreshStore>,
    accounts: Arc<dyn Accounts>,
    keys: ArcSwap<MacKeys>,
    policy: RefreshPolicy,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl RefreshTokens {
    /// Refresh tokens in `store`, made with `keys` (of the ring, for [`super::PURPOSE`]).
    /// `accounts` is asked at every use whether the user still exists and what they may.
    #[must_use]
    pub fn new(
        (store, accounts): (Arc<dyn RefreshStore>, Arc<dyn Accounts>),
        keys: MacKeys,
        policy: RefreshPolicy,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self { store, accounts, keys: ArcSwap::from_pointee(keys), policy, clock, rng }
    }

    /// Takes new keys of the ring.
    pub fn replace_keys(&self, keys: MacKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// Begins a family: after a sign-in with `client`, whose access tokens are bounded to `scopes`.
    ///
    /// # Errors
    /// [`RefreshError::NoKey`], [`RefreshError::Store`].
    pub async fn begin(
        &self,
        user: &UserId,
        client: &str,
        scopes: Option<Vec<String>>,
    ) -> Result<(FamilyId, IssuedRefresh), RefreshError> {
        let now = self.clock.now();
        let keys = self.keys.load_full();
        let (key, mac) = keys.active().ok_or(RefreshError::NoKey)?;
        let id = random_digits(FamilyId::LEN, &*self.rng);
        let mut salt = [0; 16];
        self.rng.fill(&mut salt);
        let family = Family {
            id: FamilyId::parse(&id).ok_or(RefreshError::NoKey)?,
            user: user.clone(),
            client: client.chars().filter(|c| !c.is_control()).take(MAX_CLIENT).collect(),
            scopes,
            key,
            salt,
            created: now,
            expires: after(now, self.policy.lifetime),
            generation: 0,
            rotated: now,
            revoked: None,
        };
        let issued = IssuedRefresh::of(&family, 0, mac);
        let id = family.id;
        self.store.add(family, self.policy.max_per_user).await?;
        Ok((id, issued))
    }

    /// Uses a token up and gives the next.
    ///
    /// # Errors
    /// [`RefreshError`]. After [`RefreshError::Reused`] the family has ended: end the access tokens
    /// and sessions of that sign-in too.
    pub async fn rotate(&self, presented: &str) -> Result<Refreshed, RefreshError> {
        let presented = PresentedRefresh::parse(presented).ok_or(RefreshError::Malformed)?;
        let keys = self.keys.load_full();
        for _ in 0..ATTEMPTS {
            let now = self.clock.now();
            let family = self.store.lookup(presented.family).await?.ok_or(RefreshError::Unknown)?;
            let mac = keys.find(family.key).ok_or(RefreshError::Unknown)?;
            if !presented.is_of(&family, mac) {
                return Err(RefreshError::Secret);
            }
            let is_repeated = match self.judge(&family, presented.generation, now) {
                Ok(is_repeated) => is_repeated,
                Err(RefreshError::Reused) => return Err(self.end_reused(&family, now).await),
                Err(error) => return Err(error),
            };
            let standing = self.standing(&family).await?;
            let next = presented.generation.checked_add(1).ok_or(RefreshError::Expired)?;
            if !is_repeated && !self.store.advance(family.id, presented.generation, now).await? {
                continue;
            }
            return Ok(Refreshed {
                token: IssuedRefresh::of(&family, next, mac),
                user: family.user,
                family: family.id,
                scopes: family.scopes,
                standing,
                is_repeated,
            });
        }
        Err(RefreshError::Unknown)
    }

    /// The family that a token of ours is of, ended or not.
    ///
    /// # Errors
    /// As [`RefreshTokens::rotate`] for what is no token of ours.
    pub async fn find(&self, presented: &str) -> Result<Family, RefreshError> {
        let presented = PresentedRefresh::parse(presented).ok_or(RefreshError::Malformed)?;
        let family = self.store.lookup(presented.family).await?.ok_or(RefreshError::Unknown)?;
        let keys = self.keys.load_full();
        let mac = keys.find(family.key).ok_or(RefreshError::Unknown)?;
        if presented.is_of(&family, mac) { Ok(family) } else { Err(RefreshError::Secret) }
    }

    /// Ends a family: at sign-out. `presented` is any token of it.
    ///
    /// # Errors
    /// As [`RefreshTokens::rotate`] for what is no token of ours.
    pub async fn end(&self, presented: &str, why: &str) -> Result<Family, RefreshError> {
        let family = self.find(presented).await?;
        self.revoke(family.id, &family.user, why).await?;
        Ok(family)
    }

    /// Ends a family by its id; one that has ended stays as it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn revoke(&self, id: FamilyId, by: &UserId, why: &str) -> Result<(), StoreError> {
        let trace = Trace::new(self.clock.now(), by, why);
        self.store.revoke(id, trace).await.map(drop)
    }

    /// Removes what is over, at most `most`, and says how many: for a task that runs now and then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_expired(&self, most: usize) -> Result<usize, StoreError> {
        self.store.remove_expired(self.clock.now(), most).await
    }

    /// Whether a token of ours counts now; `true` when it is to be answered once more.
    fn judge(
        &self,
        family: &Family,
        generation: u32,
        now: Timestamp,
    ) -> Result<bool, RefreshError> {
        if family.revoked.is_some() {
            return Err(RefreshError::Revoked);
        }
        if now >= family.expires || since(now, family.rotated) >= self.policy.idle {
            return Err(RefreshError::Expired);
        }
        if generation == family.generation {
            return Ok(false);
        }
        let is_last = generation.checked_add(1) == Some(family.generation);
        if is_last && since(now, family.rotated) <= self.policy.grace {
            return Ok(true);
        }
        // A generation that is still to come was given out before the store was set back.
        Err(RefreshError::Reused)
    }

    async fn end_reused(&self, family: &Family, now: Timestamp) -> RefreshError {
        let trace = Trace::new(now, &family.user, "a refresh token was used twice");
        match self.store.revoke(family.id, trace).await {
            Ok(_) => RefreshError::Reused,
            Err(error) => RefreshError::Store(error),
        }
    }

    /// What the user may now.
    async fn standing(&self, family: &Family) -> Result<Standing, RefreshError> {
        let standing = self.accounts.standing(&family.user).await?;
        let is_fine = |standing: &Standing| {
            standing.is_active && standing.not_before.is_none_or(|at| family.created > at)
        };
        standing.filter(is_fine).ok_or(RefreshError::Account)
    }
}
