//! Everything about who there is, over one store and one key ring: what a server opens once, and
//! what the command line opens when no server runs.

mod again;
mod caller;
mod clean_up;
mod grants;
mod known;
mod open;
mod pending;
mod turns;
mod verify;

pub use again::{Callers, HOLDS, Shown};
pub use caller::{Caller, CallerRefusal, Way};
pub use grants::{GrantError, Granted};
pub use open::{DirectoryError, PURPOSES, Policies};
pub use pending::{First, PENDING_LIFETIME};
pub use turns::Turns;
pub use verify::Credential;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use mantlet_crypto::MacKeys;
use mantlet_types::{Clock, Rng};

use crate::UserId;
use crate::account::{Accounts, Standing};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeys};
use crate::cache::Cache;
use crate::certificate::Certificates;
use crate::factor::SecondFactors;
use crate::lockout::Lockout;
use crate::outside::OutsideIssuers;
use crate::passkey::Passkeys;
use crate::password::{PasswordPolicy, Passwords};
use crate::password_link::Links;
use crate::refresh::RefreshTokens;
use crate::revocation::Revocations;
use crate::session::Sessions;
use crate::signin::SignIn;
use crate::store::Repositories;
use crate::ticket::Tickets;
use crate::token::{TokenIssuer, TokenKeys, VerifiedToken, Verifier};

/// The purpose of the ring's keys that sign what the application is told of its users.
pub const ASSERTION_PURPOSE: &str = "assertion";

/// The purpose of the ring's keys that bind forms to who asked for them, and the steps of a sign-in
/// to each other.
pub const FORM_PURPOSE: &str = "form";

/// Everything about who there is.
#[derive(Debug)]
pub struct Directory {
    /// Where everything is kept.
    pub repositories: Repositories,
    /// Accounts.
    pub accounts: Arc<dyn Accounts>,
    /// Sessions of people.
    pub sessions: Sessions,
    /// Keys of programs.
    pub api_keys: ApiKeys,
    /// Second factors.
    pub factors: SecondFactors,
    /// Passkeys.
    pub passkeys: Passkeys,
    /// Hashes of passwords.
    pub passwords: Arc<Passwords>,
    /// Which passwords are taken.
    pub password_policy: PasswordPolicy,
    /// What slows guessing down.
    pub lockout: Arc<Lockout>,
    /// Signing in.
    pub signin: SignIn,
    /// The end of any of these before its time.
    pub revocations: Arc<Revocations>,
    /// Makes tokens of our own.
    pub issuer: TokenIssuer,
    /// Gives their successors.
    pub refresh_tokens: RefreshTokens,
    /// Credentials that count once.
    pub tickets: Tickets,
    /// Whose turn it is to change an account.
    pub turns: Turns,
    /// Checks them.
    pub verifier: Verifier,
    /// Checks the tokens of an application before us, which name no issuer; `None` where none count.
    pub legacy: Option<Verifier>,
    /// Certificates of clients that stand for somebody.
    pub certificates: Certificates,
    /// Links by which somebody sets their password.
    pub password_links: Links,
    /// Issuers outside whose tokens count.
    pub outside: OutsideIssuers,
    /// The keys that tokens are signed with, for whoever checks them elsewhere.
    pub token_keys: Arc<TokenKeys>,
    /// The keys that sign what the application is told.
    pub assertion_keys: Arc<TokenKeys>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    forms: ArcSwap<MacKeys>,
    known_keys: Cache<ApiKeyId, Arc<ApiKeyRecord>>,
    known_tokens: Cache<[u8; 32], Arc<VerifiedToken>>,
    standings: Cache<UserId, Arc<Standing>>,
    /// Counts what was forgotten because it has changed.
    changes: AtomicU64,
}
