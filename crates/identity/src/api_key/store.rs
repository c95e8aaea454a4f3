//! Where keys are kept.

use std::fmt::Debug;
use std::sync::Arc;

use mantlet_types::Timestamp;

use super::{ApiKeyId, ApiKeyRecord, SecretVersion};
use crate::store::Stored;
use crate::{Trace, UserId};

/// The repository of API keys. Keys are found by id and by owner, each without a walk over the rest.
pub trait ApiKeyStore: Debug + Send + Sync {
    /// Adds a key.
    ///
    /// # Errors
    /// `Conflict` when the id is taken; `Full` when the owner has `most` keys in force at the key's
    /// time of creation already.
    fn add(&self, record: ApiKeyRecord, most: usize) -> Stored<'_, ()>;

    /// The key of this id; `None` when there never was one. Revoked keys are found too.
    fn lookup(&self, id: ApiKeyId) -> Stored<'_, Option<Arc<ApiKeyRecord>>>;

    /// The keys of an owner, oldest first, revoked and expired ones among them.
    fn list<'a>(&'a self, owner: &'a UserId) -> Stored<'a, Vec<Arc<ApiKeyRecord>>>;

    /// Replaces the secrets and counts the revision up, where the key is not revoked and its
    /// revision is `expected`. `false` when that is not so.
    fn replace_versions(
        &self,
        id: ApiKeyId,
        expected: u32,
        versions: Vec<SecretVersion>,
    ) -> Stored<'_, bool>;

    /// Revokes the key, where it is not revoked yet; `false` when it is, or does not exist. The
    /// trace that was first stays.
    fn revoke(&self, id: ApiKeyId, trace: Trace) -> Stored<'_, bool>;

    /// Notes the last use, where the key is not revoked and was not used later than `at` already.
    /// Touches nothing else of the record and never brings one back.
    fn touch(&self, id: ApiKeyId, at: Timestamp) -> Stored<'_, ()>;
}
