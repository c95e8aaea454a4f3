//! Approvals in memory.

use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::approval::{Approval, ApprovalStore, NewApproval};
use crate::store::{StoreError, Stored};
use crate::{Trace, UserId};

/// Approvals in memory.
#[derive(Debug, Default)]
pub struct MemoryApprovals(Mutex<Approvals>);

#[derive(Debug, Default)]
struct Approvals {
    last: u64,
    list: Vec<Approval>,
}

impl ApprovalStore for MemoryApprovals {
    fn add(&self, what: NewApproval, most: usize) -> Stored<'_, u64> {
        let mut approvals = lock(&self.0);
        let now = what.given.at;
        let is_live = |it: &&Approval| it.what.user == what.user && it.is_in_force(now);
        if approvals.list.iter().filter(is_live).count() >= most {
            return answer(Err(StoreError::Full(most)));
        }
        approvals.last = approvals.last.saturating_add(1);
        let number = approvals.last;
        approvals.list.push(Approval { number, what, withdrawn: None });
        answer(Ok(number))
    }

    fn in_force<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Approval>> {
        let approvals = lock(&self.0);
        let own = approvals.list.iter().filter(|it| it.what.user == *user && it.is_in_force(now));
        answer(Ok(own.cloned().collect()))
    }

    fn list(&self, after: u64, most: usize) -> Stored<'_, Vec<Approval>> {
        let approvals = lock(&self.0);
        let later = approvals.list.iter().filter(|it| it.number > after);
        answer(Ok(later.take(most).cloned().collect()))
    }

    fn withdraw(&self, number: u64, trace: Trace) -> Stored<'_, bool> {
        let mut approvals = lock(&self.0);
        let found = approvals.list.iter_mut().find(|it| it.number == number);
        let Some(open) = found.filter(|it| it.withdrawn.is_none()) else {
            return answer(Ok(false));
        };
        open.withdrawn = Some(trace);
        answer(Ok(true))
    }

    fn remove_ended(&self, then: Timestamp, most: usize) -> Stored<'_, usize> {
        let mut approvals = lock(&self.0);
        let before = approvals.list.len();
        let mut left = most;
        approvals.list.retain(|it| {
            let goes = left > 0 && it.what.until < then;
            left -= usize::from(goes);
            !goes
        });
        answer(Ok(before.saturating_sub(approvals.list.len())))
    }
}
