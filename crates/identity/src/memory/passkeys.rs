//! Passkeys in memory.

use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::UserId;
use crate::passkey::{Passkey, PasskeyId, PasskeyLabel, PasskeyStore};
use crate::store::{StoreError, Stored};

/// Passkeys in memory, in the order in which they were added.
#[derive(Debug, Default)]
pub struct MemoryPasskeys(Mutex<Vec<Passkey>>);

impl PasskeyStore for MemoryPasskeys {
    fn add(&self, passkey: Passkey, most: usize) -> Stored<'_, ()> {
        let mut all = lock(&self.0);
        let own = all.iter().filter(|other| other.user == passkey.user).count();
        answer(if all.iter().any(|other| other.id == passkey.id) {
            Err(StoreError::Conflict)
        } else if own >= most {
            Err(StoreError::Full(most))
        } else {
            all.push(passkey);
            Ok(())
        })
    }

    fn find<'a>(&'a self, id: &'a PasskeyId) -> Stored<'a, Option<Passkey>> {
        answer(Ok(lock(&self.0).iter().find(|passkey| passkey.id == *id).cloned()))
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Passkey>> {
        let all = lock(&self.0);
        answer(Ok(all.iter().filter(|passkey| passkey.user == *user).cloned().collect()))
    }

    fn note_use<'a>(&'a self, id: &'a PasskeyId, counter: u32, at: Timestamp) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let is_later = |passkey: &&mut Passkey| {
            passkey.id == *id && (passkey.counter < counter || passkey.counter.max(counter) == 0)
        };
        let noted = all.iter_mut().find(is_later).map(|passkey| {
            passkey.counter = counter;
            passkey.last_used = Some(at);
        });
        answer(Ok(noted.is_some()))
    }

    fn rename<'a>(
        &'a self,
        user: &'a UserId,
        id: &'a PasskeyId,
        label: PasskeyLabel,
    ) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let own = all.iter_mut().find(|passkey| passkey.user == *user && passkey.id == *id);
        answer(Ok(own.map(|passkey| passkey.label = label).is_some()))
    }

    fn remove<'a>(&'a self, user: &'a UserId, id: &'a PasskeyId) -> Stored<'a, bool> {
        let mut all = lock(&self.0);
        let before = all.len();
        all.retain(|passkey| passkey.user != *user || passkey.id != *id);
        answer(Ok(all.len() < before))
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize> {
        let mut all = lock(&self.0);
        let before = all.len();
        all.retain(|passkey| passkey.user != *user);
        answer(Ok(before.saturating_sub(all.len())))
    }
}
