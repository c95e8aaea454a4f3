//! Where families are kept.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use super::{Family, FamilyId};
use crate::store::Stored;
use crate::{Trace, UserId};

/// The repository of families of refresh tokens.
pub trait RefreshStore: Debug + Send + Sync {
    /// Adds a family.
    ///
    /// # Errors
    /// `Conflict` when the id is taken; `Full` when the user has `most` families at the family's
    /// time of creation that are neither revoked nor expired.
    fn add(&self, family: Family, most: usize) -> Stored<'_, ()>;

    /// The family of this id; revoked ones are found too.
    fn lookup(&self, id: FamilyId) -> Stored<'_, Option<Family>>;

    /// The families of a user, oldest first.
    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Family>>;

    /// Moves the family to the generation after `expected` and sets `rotated`, where it is at
    /// `expected` and not revoked. `false` when that is not so.
    fn advance(&self, id: FamilyId, expected: u32, at: Timestamp) -> Stored<'_, bool>;

    /// Revokes the family, where it is not revoked yet; `false` when it is, or does not exist.
    fn revoke(&self, id: FamilyId, trace: Trace) -> Stored<'_, bool>;

    /// Removes the families that ended before `now`, at most `most`, and says how many.
    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize>;
}
