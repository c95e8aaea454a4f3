//! Changes to one account, one after the other, so that what was looked at before a change is still
//! so when it is made.

use std::hash::{BuildHasher as _, RandomState};

use tokio::sync::{Mutex, MutexGuard};

use crate::UserId;

/// How many accounts can be changed at the same time, at most.
const LANES: usize = 64;

/// Whose turn it is to change an account.
#[derive(Debug)]
pub struct Turns {
    lanes: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        let lanes = (0..LANES).map(|_| Mutex::const_new(())).collect();
        Self { lanes, hasher: RandomState::new() }
    }

    /// Waits until nobody else changes the account; `None` is never the case.
    pub async fn take(&self, user: &UserId) -> Option<MutexGuard<'_, ()>> {
        let lane = self.hasher.hash_one(user) % LANES as u64;
        let lane = self.lanes.get(usize::try_from(lane).unwrap_or(0))?;
        Some(lane.lock().await)
    }
}
