//! API keys in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use mantlet_types::Timestamp;

use super::{answer, lock};
use crate::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, SecretVersion};
use crate::store::{StoreError, Stored};
use crate::{Trace, UserId};

/// API keys in memory.
#[derive(Debug, Default)]
pub struct MemoryApiKeys(Mutex<Keys>);

#[derive(Debug, Default)]
struct Keys {
    records: HashMap<ApiKeyId, Arc<ApiKeyRecord>>,
    by_owner: HashMap<UserId, Vec<ApiKeyId>>,
}

impl Keys {
    fn of_owner(&self, owner: &UserId) -> impl Iterator<Item = &Arc<ApiKeyRecord>> {
        let ids = self.by_owner.get(owner).into_iter().flatten();
        ids.filter_map(|id| self.records.get(id))
    }

    /// The record, where it is not revoked.
    fn in_force(&mut self, id: ApiKeyId) -> Option<&mut ApiKeyRecord> {
        let record = self.records.get_mut(&id).filter(|record| record.revoked.is_none())?;
        Some(Arc::make_mut(record))
    }
}

impl ApiKeyStore for MemoryApiKeys {
    fn add(&self, record: ApiKeyRecord, most: usize) -> Stored<'_, ()> {
        let mut keys = lock(&self.0);
        if keys.records.contains_key(&record.id) {
            return answer(Err(StoreError::Conflict));
        }
        let in_force =
            keys.of_owner(&record.owner).filter(|other| other.is_in_force(record.created)).count();
        if in_force >= most {
            return answer(Err(StoreError::Full(most)));
        }
        keys.by_owner.entry(record.owner.clone()).or_default().push(record.id);
        keys.records.insert(record.id, Arc::new(record));
        answer(Ok(()))
    }

    fn lookup(&self, id: ApiKeyId) -> Stored<'_, Option<Arc<ApiKeyRecord>>> {
        answer(Ok(lock(&self.0).records.get(&id).cloned()))
    }

    fn list<'a>(&'a self, owner: &'a UserId) -> Stored<'a, Vec<Arc<ApiKeyRecord>>> {
        answer(Ok(lock(&self.0).of_owner(owner).cloned().collect()))
    }

    fn replace_versions(
        &self,
        id: ApiKeyId,
        expected: u32,
        versions: Vec<SecretVersion>,
    ) -> Stored<'_, bool> {
        let mut keys = lock(&self.0);
        let record = keys.in_force(id).filter(|record| record.revision == expected);
        let is_done = record.map(|record| {
            record.versions = versions;
            record.revision = expected.wrapping_add(1);
        });
        answer(Ok(is_done.is_some()))
    }

    fn revoke(&self, id: ApiKeyId, trace: Trace) -> Stored<'_, bool> {
        let mut keys = lock(&self.0);
        let is_done = keys.in_force(id).map(|record| record.revoked = Some(trace));
        answer(Ok(is_done.is_some()))
    }

    fn touch(&self, id: ApiKeyId, at: Timestamp) -> Stored<'_, ()> {
        if let Some(record) = lock(&self.0).in_force(id)
            && record.last_used.is_none_or(|last| last < at)
        {
            record.last_used = Some(at);
        }
        answer(Ok(()))
    }
}
