//! Where approvals are kept.

use std::fmt::Debug;

use mantlet_types::Timestamp;

use super::{Approval, NewApproval};
use crate::store::Stored;
use crate::{Trace, UserId};

/// The repository of approvals.
pub trait ApprovalStore: Debug + Send + Sync {
    /// Adds an approval and says its number, which is larger than all before.
    ///
    /// # Errors
    /// `Full` when the user has `most` approvals that are in force when this one is given.
    fn add(&self, approval: NewApproval, most: usize) -> Stored<'_, u64>;

    /// The approvals of a user that are in force at a moment, oldest first.
    fn in_force<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Approval>>;

    /// The approvals after this number, whatever became of them, at most `most`.
    fn list(&self, after: u64, most: usize) -> Stored<'_, Vec<Approval>>;

    /// Withdraws the approval, where that was not done before; `false` when it was, or when there
    /// is none of this number.
    fn withdraw(&self, number: u64, trace: Trace) -> Stored<'_, bool>;

    /// Removes the approvals that ended before `then`, at most `most`, and says how many.
    fn remove_ended(&self, then: Timestamp, most: usize) -> Stored<'_, usize>;
}
