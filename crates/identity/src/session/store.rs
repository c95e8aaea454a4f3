//! Where sessions are kept.

use std::fmt::Debug;
use std::time::Duration;

use mantlet_types::Timestamp;

use super::{Session, SessionHandle, SessionHash};
use crate::store::Stored;
use crate::{Trace, UserId};

/// The repository of sessions.
pub trait SessionStore: Debug + Send + Sync {
    /// Adds a session. When its user has `most` running ones already, the one that was used least
    /// recently ends with `trace`; the sessions that ended so are the answer.
    ///
    /// # Errors
    /// `Conflict` when the hash is taken.
    fn add(&self, session: Session, most: usize, trace: Trace) -> Stored<'_, Vec<Session>>;

    /// The session of this hash; ended ones are found too.
    fn lookup(&self, hash: SessionHash) -> Stored<'_, Option<Session>>;

    /// Puts `session` in the place of the one with the hash `old`, where that runs. From then on
    /// `old` is unknown. `false` when it does not run.
    fn replace(&self, old: SessionHash, session: Session) -> Stored<'_, bool>;

    /// The running sessions of a user at `now`, the one used last first.
    fn list<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Session>>;

    /// Ends the session of a user with this handle, where it runs, and gives it back; `None` when
    /// there is none.
    fn end<'a>(
        &'a self,
        user: &'a UserId,
        handle: SessionHandle,
        trace: Trace,
    ) -> Stored<'a, Option<Session>>;

    /// Ends the running sessions of a user but `keep`, and gives them back.
    fn end_all<'a>(
        &'a self,
        user: &'a UserId,
        keep: Option<SessionHash>,
        trace: Trace,
    ) -> Stored<'a, Vec<Session>>;

    /// Notes a use, where the session runs and was not used later than `at` already.
    fn touch(&self, hash: SessionHash, at: Timestamp) -> Stored<'_, ()>;

    /// Removes at most `most` sessions whose time is over at `now` or that were not used for
    /// `idle`, and says how many.
    fn remove_expired(&self, now: Timestamp, idle: Duration, most: usize) -> Stored<'_, usize>;
}
