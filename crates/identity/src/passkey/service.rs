//! Registering passkeys and signing in with them.

use std::sync::Arc;

use mantlet_crypto::cose::CoseKey;
use mantlet_crypto::sha256;
use mantlet_types::{Clock, Rng};

use super::authenticator::{Said, within_attestation};
use super::challenge::Challenges;
use super::client_data::{self, Use};
use super::{Passkey, PasskeyError, PasskeyId, PasskeyLabel, PasskeyStore, Purpose, Site};
use crate::UserId;
use crate::store::StoreError;

/// The longest signature, in bytes: of an RSA key of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// Passkeys over a store.
#[derive(Debug)]
pub struct Passkeys {
    store: Arc<dyn PasskeyStore>,
    challenges: Challenges,
    most: usize,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

/// A new passkey, as a browser sends it.
#[derive(Debug, Clone, Copy)]
pub struct Created<'a> {
    /// What the browser says of the page.
    pub client_data: &'a [u8],
    /// What the authenticator says.
    pub attestation: &'a [u8],
}

/// A use of a passkey, as a browser sends it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Which passkey.
    pub id: &'a PasskeyId,
    /// What the browser says of the page.
    pub client_data: &'a [u8],
    /// What the authenticator says.
    pub authenticator: &'a [u8],
    /// Its signature over both.
    pub signature: &'a [u8],
    /// The name under which the authenticator knows the user; `None` where it does not say.
    pub handle: Option<&'a [u8]>,
}

/// What a use of a passkey has to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What for. Signing in with a passkey alone asks for an authenticator that made sure who used it.
    pub purpose: Purpose<'a>,
    /// What the browser holds that got the challenge.
    pub holder: &'a str,
    /// Where.
    pub site: &'a Site,
}

impl Passkeys {
    /// Passkeys in `store`, `most` of each user.
    #[must_use]
    pub fn new(
        store: Arc<dyn PasskeyStore>,
        most: usize,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let challenges = Challenges::new(&*rng);
        Self { store, challenges, most, clock, rng }
    }

    /// What the browser that holds `holder` has to have signed.
    #[must_use]
    pub fn challenge(&self, purpose: Purpose<'_>, holder: &str) -> Vec<u8> {
        self.challenges.make(purpose, holder, self.clock.now(), &*self.rng)
    }

    /// The passkeys of a user, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn list(&self, user: &UserId) -> Result<Vec<Passkey>, StoreError> {
        self.store.list(user).await
    }

    /// The name under which authenticators know a user: that of their passkeys, or a new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn handle(&self, user: &UserId) -> Result<[u8; 32], StoreError> {
        if let Some(passkey) = self.store.list(user).await?.first() {
            return Ok(passkey.handle);
        }
        let mut handle = [0; 32];
        self.rng.fill(&mut handle);
        Ok(handle)
    }

    /// Registers a passkey of `user`, whose challenge was for [`Purpose::Register`] of them.
    /// `handle`: what the browser was told to call them.
    ///
    /// # Errors
    /// [`PasskeyError`]; the store's `Conflict` when somebody has this passkey already, `Full` when
    /// the user has as many as may be.
    pub async fn register(
        &self,
        user: &UserId,
        (label, handle): (PasskeyLabel, [u8; 32]),
        created: Created<'_>,
        (holder, site): (&str, &Site),
    ) -> Result<Passkey, PasskeyError> {
        let now = self.clock.now();
        let challenge = client_data::read(created.client_data, Use::Create, site)?;
        let open = self.challenges.open(&challenge, Purpose::Register(user), holder, now)?;
        let said = Said::read(within_attestation(created.attestation)?)?;
        said.check(site, false)?;
        let made = said.made.as_ref().ok_or(PasskeyError::Malformed("new key"))?;
        self.challenges.answer(open, now)?;
        let passkey = Passkey {
            id: made.id.clone(),
            user: user.clone(),
            handle,
            host: site.host.clone(),
            label,
            key: made.key.to_vec(),
            counter: said.counter,
            is_shared: said.may_be_shared(),
            created: now,
            last_used: None,
        };
        self.store.add(passkey.clone(), self.most).await?;
        Ok(passkey)
    }

    /// Checks a use of a passkey, and says which one it is. Whether its user's account is open, and
    /// whether guessing is slowed down, is the caller's business.
    ///
    /// # Errors
    /// [`PasskeyError`].
    pub async fn check(
        &self,
        shown: Shown<'_>,
        wanted: Wanted<'_>,
    ) -> Result<Passkey, PasskeyError> {
        let Wanted { purpose, holder, site } = wanted;
        let now = self.clock.now();
        let challenge = client_data::read(shown.client_data, Use::Get, site)?;
        let open = self.challenges.open(&challenge, purpose, holder, now)?;
        let said = Said::read(shown.authenticator)?;
        said.check(site, purpose == Purpose::SignIn)?;
        let passkey = self.store.find(shown.id).await?;
        let passkey = passkey.filter(|passkey| is_meant(passkey, &shown, &wanted));
        let passkey = passkey.ok_or(PasskeyError::Unknown)?;
        if said.may_be_shared() != passkey.is_shared {
            return Err(PasskeyError::Malformed("authenticator data"));
        }
        check_signature(&passkey, &shown)?;
        self.challenges.answer(open, now)?;
        if !self.store.note_use(&passkey.id, said.counter, now).await? {
            return Err(PasskeyError::Counter);
        }
        Ok(Passkey { counter: said.counter, last_used: Some(now), ..passkey })
    }

    /// Gives a passkey of `user` another label; `false` when they have no such passkey.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rename(
        &self,
        user: &UserId,
        id: &PasskeyId,
        label: PasskeyLabel,
    ) -> Result<bool, StoreError> {
        self.store.rename(user, id, label).await
    }

    /// Removes a passkey of `user`, after a check of who asks; `false` when they have no such
    /// passkey.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove(&self, user: &UserId, id: &PasskeyId) -> Result<bool, StoreError> {
        self.store.remove(user, id).await
    }

    /// Removes all passkeys of a user, and says how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn remove_all(&self, user: &UserId) -> Result<usize, StoreError> {
        self.store.remove_all(user).await
    }
}

/// Whether a passkey is the one that is asked for: of this site, of this user.
fn is_meant(passkey: &Passkey, shown: &Shown<'_>, wanted: &Wanted<'_>) -> bool {
    let is_users = match wanted.purpose {
        // The authenticator says who it is: nobody has typed a name.
        Purpose::SignIn => shown.handle == Some(&passkey.handle[..]),
        Purpose::Factor(user) => {
            passkey.user == *user && shown.handle.is_none_or(|handle| handle == passkey.handle)
        }
        Purpose::Register(_) => false,
    };
    is_users && passkey.host == wanted.site.host
}

fn check_signature(passkey: &Passkey, shown: &Shown<'_>) -> Result<(), PasskeyError> {
    let (key, _) = CoseKey::parse(&passkey.key).ok_or(PasskeyError::Key)?;
    let message = [shown.authenticator, &sha256(shown.client_data)].concat();
    let fits = shown.signature.len() <= MAX_SIGNATURE;
    let is_signed = fits && key.has_signed(&message, shown.signature);
    if is_signed { Ok(()) } else { Err(PasskeyError::Signature) }
}
