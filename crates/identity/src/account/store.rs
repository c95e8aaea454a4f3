//! Where accounts are kept.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use super::{Account, AccountName, PasswordHash, Standing};
use crate::UserId;
use crate::store::Stored;

/// The repository of accounts.
pub trait Accounts: Debug + Send + Sync {
    /// Adds an account.
    ///
    /// # Errors
    /// `Conflict` when the id or the name is taken: an account is never overwritten.
    fn add(&self, account: Account) -> Stored<'_, ()>;

    /// The account of this id.
    fn lookup<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Account>>;

    /// The account that signs in with this name.
    fn find<'a>(&'a self, name: &'a AccountName) -> Stored<'a, Option<Account>>;

    /// At most `most` accounts in the order of their names, those after `after`; from the first one
    /// where that is `None`.
    fn list<'a>(&'a self, after: Option<&'a AccountName>, most: usize) -> Stored<'a, Vec<Account>>;

    /// What an account may at the moment; `None` when there is none.
    fn standing<'a>(&'a self, id: &'a UserId) -> Stored<'a, Option<Standing>>;

    /// Sets the password and, unless `keep` is given, ends what was issued before (`not_before`).
    /// With `keep`: only where the hash is still that one, for making it anew at sign-in. `false`
    /// when there is no such account, or the hash is another by now.
    fn set_password<'a>(
        &'a self,
        id: &'a UserId,
        hash: PasswordHash,
        at: Timestamp,
        keep: Option<&'a PasswordHash>,
    ) -> Stored<'a, bool>;

    /// Opens or closes the account; closing ends what was issued before. `false` when there is none.
    fn set_active<'a>(&'a self, id: &'a UserId, is_active: bool, at: Timestamp)
    -> Stored<'a, bool>;

    /// Sets the roles. `false` when there is no such account.
    fn set_roles<'a>(&'a self, id: &'a UserId, roles: Vec<String>) -> Stored<'a, bool>;

    /// Closes the account for good, as far as an account goes: it keeps its name, so that no name
    /// comes to another, and loses its password and its roles. `false` when there is none.
    fn retire<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool>;

    /// Ends what was issued up to `at`. `false` when there is no such account.
    fn end_all<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool>;

    /// Notes a successful sign-in, where the account is active. `false` when it is not: the
    /// sign-in fails then, however right the password was.
    fn note_signin<'a>(&'a self, id: &'a UserId, at: Timestamp) -> Stored<'a, bool>;
}
