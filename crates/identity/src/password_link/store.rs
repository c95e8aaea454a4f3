//! Where links are kept, and where letters to accounts go.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use super::{EmailAddress, Link, LinkHash};
use crate::UserId;
use crate::store::Stored;

/// The repository of links, and of the addresses that they go to.
pub trait PasswordLinkStore: Debug + Send + Sync {
    /// Adds a link; of the links of its user the oldest go, so that at most `most` are left.
    ///
    /// # Errors
    /// `Conflict` when the hash is taken.
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()>;

    /// The link of this hash, where it has not ended at `now`.
    fn lookup(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>>;

    /// Takes the link of this hash away, where it has not ended at `now`: of several callers at once
    /// one alone gets it.
    fn take(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>>;

    /// Removes all links of a user, and says how many.
    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize>;

    /// Removes at most `most` links that have ended at `now`, and says how many.
    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize>;

    /// Sets where letters to a user go; `None` for nowhere.
    fn set_email<'a>(&'a self, user: &'a UserId, email: Option<EmailAddress>) -> Stored<'a, ()>;

    /// Where letters to a user go; `None` for nowhere.
    fn email<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<EmailAddress>>;
}
