//! Where second factors are kept.

use std::fmt::Debug;

use mantlet_crypto::{KeyId, TAG_SIZE};

use crate::UserId;
use crate::store::Stored;

/// The clock of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpRecord {
    /// The key of the ring that sealed the secret.
    pub key: KeyId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// Whether its owner has shown a code of it; before that it guards nothing.
    pub is_confirmed: bool,
    /// The last step that was used; `None` means none.
    pub used: Option<u64>,
}

/// The repository of second factors.
pub trait FactorStore: Debug + Send + Sync {
    /// The clock of a user; `None` when there is none.
    fn totp<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<TotpRecord>>;

    /// Sets the clock of a user, unless a confirmed one is there; `false` when it is.
    fn set_totp<'a>(&'a self, user: &'a UserId, totp: TotpRecord) -> Stored<'a, bool>;

    /// Uses up the step, and confirms the clock, where its sealed secret is still `sealed` and no
    /// step as late was used. `false` when that is not so: the code does not count then.
    fn use_step<'a>(&'a self, user: &'a UserId, sealed: &'a [u8], step: u64) -> Stored<'a, bool>;

    /// Replaces the recovery codes of a user, with the key of the ring that hashed them.
    fn set_recovery<'a>(
        &'a self,
        user: &'a UserId,
        key: KeyId,
        hashes: Vec<[u8; TAG_SIZE]>,
    ) -> Stored<'a, ()>;

    /// The key that hashed the recovery codes of a user, and how many are left; `None` when there
    /// never were any.
    fn recovery<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<(KeyId, usize)>>;

    /// Removes this recovery code; `false` when it is not there, so that of two at once one counts.
    fn use_recovery<'a>(&'a self, user: &'a UserId, hash: [u8; TAG_SIZE]) -> Stored<'a, bool>;

    /// Removes all second factors of a user.
    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, ()>;
}
