//! Which account of ours somebody is whom a provider names.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use crate::UserId;
use crate::store::Stored;

/// A link between somebody whom a provider names and an account of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The provider, by its issuer: another provider under the same name in the configuration has
    /// other people.
    pub issuer: String,
    /// What the provider calls them (`sub`), for good.
    pub subject: String,
    /// The account.
    pub user: UserId,
    /// Whether the account was made for it: its roles follow what the provider says then.
    pub is_made: bool,
    /// Since when.
    pub created: Timestamp,
}

/// The repository of links.
pub trait LinkStore: Debug + Send + Sync {
    /// Adds a link, where its account has fewer than `most`.
    ///
    /// # Errors
    /// `Conflict` when this subject is linked already, to whomever; `Full`.
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()>;

    /// The link of a subject.
    fn find<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Stored<'a, Option<Link>>;

    /// The links of an account, the oldest first.
    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Link>>;

    /// Removes a link of `user`; `false` when they have no such link.
    fn remove<'a>(
        &'a self,
        user: &'a UserId,
        issuer: &'a str,
        subject: &'a str,
    ) -> Stored<'a, bool>;

    /// Removes all links of an account, and says how many.
    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize>;
}
