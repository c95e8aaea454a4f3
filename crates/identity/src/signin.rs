//! Signing in with a password, in two steps: [`SignIn::begin`] says whether the password may be
//! looked at and after which delay, [`SignIn::finish`] looks at it. Whoever serves waits in between.
//!
//! An account that does not exist, one that is closed and a wrong password are one answer and take
//! the same time. The account is open at the moment of success, not only when it was looked up.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_crypto::MacKeys;
use mantlet_limit::CountersError;
use mantlet_types::{Clock, Secret};

use crate::UserId;
use crate::account::{Account, AccountName, Accounts};
use crate::lockout::{Attempt, DeviceProof, Lockout, Source, Verdict};
use crate::password::{Checked, Passwords, PoolError};
use crate::store::StoreError;

/// Signing in.
#[derive(Debug)]
pub struct SignIn {
    accounts: Arc<dyn Accounts>,
    passwords: Arc<Passwords>,
    lockout: Arc<Lockout>,
    devices: ArcSwap<MacKeys>,
    clock: Arc<dyn Clock>,
}

/// What somebody typed, and where they come from.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The name, as it was typed.
    pub name: &'a str,
    /// The client's address.
    pub address: IpAddr,
    /// The proof of an earlier sign-in from this device; `None` where there is none.
    pub device: Option<&'a str>,
}

/// An attempt whose password may be looked at.
#[derive(Debug)]
pub struct Started {
    /// How long to wait before [`SignIn::finish`]; zero for most.
    pub delay: Duration,
    attempt: Attempt,
    account: Option<Account>,
}

impl SignIn {
    /// Over `accounts`; `devices` are the keys of the ring for [`crate::lockout::PURPOSE`].
    #[must_use]
    pub fn new(
        accounts: Arc<dyn Accounts>,
        passwords: Arc<Passwords>,
        lockout: Arc<Lockout>,
        devices: MacKeys,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { accounts, passwords, lockout, devices: ArcSwap::from_pointee(devices), clock }
    }

    /// Takes new keys of the ring.
    pub fn replace_keys(&self, devices: MacKeys) {
        self.devices.store(Arc::new(devices));
    }

    /// Whether a password may be looked at.
    ///
    /// # Errors
    /// [`SignInError::Wait`], [`SignInError::StepUp`], and what is not there.
    pub async fn begin(&self, asked: Asked<'_>) -> Result<Started, SignInError> {
        // What cannot be a name is counted as one account that does not exist.
        let name = AccountName::parse(asked.name).or_else(|_| AccountName::parse("-"));
        let name = name.map_err(|_| SignInError::Denied)?;
        let account = self.accounts.find(&name).await?;
        let is_known = account.as_ref().zip(asked.device).is_some_and(|(account, proof)| {
            let keys = self.devices.load();
            DeviceProof(&keys).is_of(proof, &account.id, account.not_before, self.clock.now())
        });
        let source = Source { address: asked.address, is_known };
        let attempt = self.lockout.begin(&name, source).await?;
        match attempt.verdict {
            Verdict::Go { delay } => Ok(Started { delay, attempt, account }),
            Verdict::Wait { retry_after } => Err(SignInError::Wait { retry_after }),
            Verdict::StepUp => Err(SignInError::StepUp),
        }
    }

    /// Looks at the password. A hash that is weaker than it should be is made anew.
    ///
    /// # Errors
    /// [`SignInError::Denied`] for a wrong password, for an account that does not exist and for one
    /// that is closed; [`SignInError::Busy`] when too many wait already.
    pub async fn finish(
        &self,
        started: Started,
        typed: &Secret<String>,
    ) -> Result<Account, SignInError> {
        let hash = started.account.as_ref().and_then(|account| account.password.as_ref());
        let checked = self.passwords.check(typed, hash).await?;
        let (Checked::Right { rehashed }, Some(account)) = (checked, started.account) else {
            self.lockout.failed(&started.attempt).await?;
            return Err(SignInError::Denied);
        };
        let now = self.clock.now();
        if !self.accounts.note_signin(&account.id, now).await? {
            self.lockout.failed(&started.attempt).await?;
            return Err(SignInError::Denied);
        }
        if let Some(new) = rehashed {
            // Not where somebody has changed the password meanwhile.
            self.accounts.set_password(&account.id, new, now, account.password.as_ref()).await?;
        }
        self.lockout.succeeded(&started.attempt);
        Ok(Account { last_signin: Some(now), ..account })
    }

    /// The proof that `user` signed in from this device: for a cookie of half a year, once every
    /// factor was shown.
    #[must_use]
    pub fn remember_device(&self, user: &UserId) -> Option<Secret<String>> {
        DeviceProof(&self.devices.load()).make(user, self.clock.now())
    }
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInError {
    /// Name or password is wrong: which of them, and whether the account exists or is closed, is
    /// not said.
    Denied,
    /// This source waits.
    Wait {
        /// How long.
        retry_after: Duration,
    },
    /// Something else must be shown first.
    StepUp,
    /// Too many passwords wait to be checked.
    Busy,
    /// The counters or the store cannot tell: identity fails closed.
    Unavailable(String),
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied => f.write_str("name or password is wrong"),
            Self::Wait { retry_after } => {
                write!(
                    f,
                    "too many attempts: wait {} seconds",
                    retry_after.as_secs().saturating_add(1)
                )
            }
            Self::StepUp => f.write_str("too many attempts: something else must be shown first"),
            Self::Busy => f.write_str("too many sign in at the moment: try again in a moment"),
            Self::Unavailable(why) => write!(f, "nobody can sign in at the moment: {why}"),
        }
    }
}

impl std::error::Error for SignInError {}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<CountersError> for SignInError {
    fn from(error: CountersError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<PoolError> for SignInError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Busy => Self::Busy,
            PoolError::Failed => Self::Unavailable(error.to_string()),
        }
    }
}
