//! Ending credentials so that it lasts, is traced, and reaches every process.

use std::fmt::Debug;
use std::sync::Arc;

use mantlet_types::{Clock, Revocation, Subject, Timestamp};

use super::{Ended, RevocationIndex};
use crate::store::{StoreError, Stored};
use crate::{Trace, UserId};

/// How many entries are read from the store at once.
const BATCH: usize = 1000;

/// One line of the store's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationEntry {
    /// Counts up by one with every entry, without gaps that are filled later.
    pub revision: u64,
    /// What ended.
    pub ended: Ended,
    /// Who ended it, when and why.
    pub trace: Trace,
}

/// The list of ends that all processes share, in the order in which they became known.
pub trait RevocationStore: Debug + Send + Sync {
    /// Appends an entry; it is on disk when this returns, and in every later answer of
    /// [`RevocationStore::since`].
    fn add(&self, ended: Ended, trace: Trace) -> Stored<'_, ()>;

    /// The first `most` entries after `revision`, in order. An entry that became known later than
    /// another never comes before it.
    fn since(&self, revision: u64, most: usize) -> Stored<'_, Vec<RevocationEntry>>;

    /// Removes entries whose `until` lies before `now`, at most `most`, and says how many. Revisions
    /// are not given again.
    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize>;
}

/// Ending credentials.
#[derive(Debug)]
pub struct Revocations {
    store: Arc<dyn RevocationStore>,
    index: Arc<RevocationIndex>,
    /// Those that hold long-lived connections.
    connections: Vec<Arc<dyn Revocation>>,
    clock: Arc<dyn Clock>,
}

impl Revocations {
    /// Over `store`, with `index` as its memory. `connections`: those that hold long-lived
    /// connections of users, which end with their credentials.
    #[must_use]
    pub fn new(
        store: Arc<dyn RevocationStore>,
        index: Arc<RevocationIndex>,
        connections: Vec<Arc<dyn Revocation>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { store, index, connections, clock }
    }

    /// What requests ask.
    #[must_use]
    pub const fn index(&self) -> &Arc<RevocationIndex> {
        &self.index
    }

    /// Ends something: on disk, then in memory. Running connections that it opened end too.
    ///
    /// # Errors
    /// [`StoreError`] when it is not on disk. It is in force in this process all the same until it
    /// ends: half an end is better than none.
    pub async fn end(&self, ended: Ended, by: &UserId, why: &str) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.index.apply(&ended, now);
        self.disconnect(&ended);
        self.store.add(ended, Trace::new(now, by, why)).await
    }

    /// Ends everything of `user` that was issued up to now. `until`: when the last of it would have
    /// ended by itself.
    ///
    /// # Errors
    /// As [`Revocations::end`].
    pub async fn end_user(
        &self,
        user: &UserId,
        until: Timestamp,
        by: &UserId,
        why: &str,
    ) -> Result<(), StoreError> {
        let ended = Ended::User { user: user.clone(), not_before: self.clock.now(), until };
        self.end(ended, by, why).await
    }

    /// Reads what others ended; run it twice a second. The first call reads everything.
    ///
    /// # Errors
    /// [`StoreError`]: the index grows old then, and says so.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        loop {
            let asked = self.clock.monotonic();
            let entries = self.store.since(self.index.revision(), BATCH).await?;
            let is_all = entries.len() < BATCH;
            let news = self.index.catch_up(&entries, is_all.then_some(asked), self.clock.now());
            news.into_iter().for_each(|ended| self.disconnect(ended));
            if is_all {
                return Ok(());
            }
        }
    }

    /// Ends the running connections that were opened with what has ended.
    fn disconnect(&self, ended: &Ended) {
        let subject = match ended {
            Ended::One { mark, .. } => Subject::Credential(*mark),
            Ended::User { user, .. } => Subject::Principal(user.as_str().to_owned()),
        };
        for connections in &self.connections {
            connections.revoke(&subject);
        }
    }
}
