//! What repositories have in common. Each repository is a trait beside the service that uses it
//! ([`crate::api_key::ApiKeyStore`], …); an implementation mirrors them file by file, as
//! [`crate::memory`] does.
//!
//! To add one: implement every trait so that each method is one atomic act. A condition in a
//! method's description ("where not revoked") is part of that act, never a read before it: two
//! callers at once must not both succeed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::account::Accounts;
use crate::api_key::ApiKeyStore;
use crate::approval::ApprovalStore;
use crate::factor::FactorStore;
use crate::passkey::PasskeyStore;
use crate::password_link::PasswordLinkStore;
use crate::provider::LinkStore;
use crate::refresh::RefreshStore;
use crate::revocation::RevocationStore;
use crate::session::SessionStore;

/// The answer of a repository, later.
pub type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Every repository of one store.
#[derive(Debug, Clone)]
pub struct Repositories {
    /// Who there is.
    pub accounts: Arc<dyn Accounts>,
    /// Keys of programs.
    pub api_keys: Arc<dyn ApiKeyStore>,
    /// What users were approved for.
    pub approvals: Arc<dyn ApprovalStore>,
    /// Second factors.
    pub factors: Arc<dyn FactorStore>,
    /// Which accounts are whom outside providers name.
    pub links: Arc<dyn LinkStore>,
    /// Passkeys.
    pub passkeys: Arc<dyn PasskeyStore>,
    /// Links by which somebody sets their password.
    pub password_links: Arc<dyn PasswordLinkStore>,
    /// Families of refresh tokens.
    pub refresh: Arc<dyn RefreshStore>,
    /// What ended before its time.
    pub revocations: Arc<dyn RevocationStore>,
    /// Sessions of people.
    pub sessions: Arc<dyn SessionStore>,
}

/// What a repository could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// A record with this id or name is there already.
    Conflict,
    /// The owner has as many records as may be; the number is the limit.
    Full(usize),
    /// The store cannot answer; the text says why. Callers refuse then: identity fails closed.
    Unavailable(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("a record of this name is there already"),
            Self::Full(limit) => {
                write!(f, "there are {limit} records already, which is the most there may be")
            }
            Self::Unavailable(why) => write!(f, "the store does not answer: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}
