//! Where passkeys are kept.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use super::{Passkey, PasskeyId, PasskeyLabel};
use crate::UserId;
use crate::store::Stored;

/// The repository of passkeys.
pub trait PasskeyStore: Debug + Send + Sync {
    /// Adds a passkey, where its user has fewer than `most`.
    ///
    /// # Errors
    /// `Conflict` when the id is taken, by whomever; `Full` when the user has as many as may be.
    fn add(&self, passkey: Passkey, most: usize) -> Stored<'_, ()>;

    /// The passkey of this id.
    fn find<'a>(&'a self, id: &'a PasskeyId) -> Stored<'a, Option<Passkey>>;

    /// The passkeys of a user, the oldest first.
    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Passkey>>;

    /// Notes a use, where the counter is higher than before, or both are 0. `false` when it is not,
    /// or there is no such passkey: of two uses at once with one counter, one counts.
    fn note_use<'a>(&'a self, id: &'a PasskeyId, counter: u32, at: Timestamp) -> Stored<'a, bool>;

    /// Gives a passkey of `user` another label; `false` when they have no such passkey.
    fn rename<'a>(
        &'a self,
        user: &'a UserId,
        id: &'a PasskeyId,
        label: PasskeyLabel,
    ) -> Stored<'a, bool>;

    /// Removes a passkey of `user`; `false` when they have no such passkey.
    fn remove<'a>(&'a self, user: &'a UserId, id: &'a PasskeyId) -> Stored<'a, bool>;

    /// Removes all passkeys of a user, and says how many.
    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize>;
}
