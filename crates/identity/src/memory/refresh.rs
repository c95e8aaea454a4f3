//! Families of refresh tokens in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::refresh::{Family, FamilyId, RefreshStore};
use crate::store::{StoreError, Stored};
use crate::{Trace, UserId};

/// Families of refresh tokens in memory.
#[derive(Debug, Default)]
pub struct MemoryRefresh(Mutex<BTreeMap<FamilyId, Family>>);

impl RefreshStore for MemoryRefresh {
    fn add(&self, family: Family, most: usize) -> Stored<'_, ()> {
        let mut families = lock(&self.0);
        if families.contains_key(&family.id) {
            return answer(Err(StoreError::Conflict));
        }
        let is_live = |other: &&Family| {
            other.user == family.user && other.revoked.is_none() && other.expires > family.created
        };
        if families.values().filter(is_live).count() >= most {
            return answer(Err(StoreError::Full(most)));
        }
        families.insert(family.id, family);
        answer(Ok(()))
    }

    fn lookup(&self, id: FamilyId) -> Stored<'_, Option<Family>> {
        answer(Ok(lock(&self.0).get(&id).cloned()))
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Family>> {
        let families = lock(&self.0);
        let mut found: Vec<Family> =
            families.values().filter(|family| family.user == *user).cloned().collect();
        found.sort_by_key(|family| family.created);
        answer(Ok(found))
    }

    fn advance(&self, id: FamilyId, expected: u32, at: Timestamp) -> Stored<'_, bool> {
        let mut families = lock(&self.0);
        let found = families.get_mut(&id);
        let family = found.filter(|it| it.generation == expected && it.revoked.is_none());
        let is_done = family.map(|family| {
            family.generation = expected.saturating_add(1);
            family.rotated = at;
        });
        answer(Ok(is_done.is_some()))
    }

    fn revoke(&self, id: FamilyId, trace: Trace) -> Stored<'_, bool> {
        let mut families = lock(&self.0);
        let family = families.get_mut(&id).filter(|family| family.revoked.is_none());
        answer(Ok(family.map(|family| family.revoked = Some(trace)).is_some()))
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        let mut families = lock(&self.0);
        let ended: Vec<FamilyId> = families
            .values()
            .filter(|family| family.expires < now)
            .map(|family| family.id)
            .take(most)
            .collect();
        ended.iter().for_each(|id| drop(families.remove(id)));
        answer(Ok(ended.len()))
    }
}
