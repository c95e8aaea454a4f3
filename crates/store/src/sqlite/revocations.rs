//! The list of ends in SQLite.

use std::sync::Arc;

use mantlet_identity::revocation::{Ended, RevocationEntry, RevocationStore};
use mantlet_identity::store::Stored;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::query;

use super::failed::Failed;
use super::row::{Row, count, nanos};
use super::{Database, removed, statements};

statements! {
    ADD = "INSERT INTO revocation (mark, user, not_before, until, ended_at, ended_by, ended_why)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SINCE = "SELECT revision, mark, user, not_before, until, ended_at, ended_by, ended_why
        FROM revocation WHERE revision > $1 ORDER BY revision LIMIT $2";
    REMOVE_EXPIRED = "DELETE FROM revocation WHERE revision IN
        (SELECT revision FROM revocation WHERE until <= $1 LIMIT $2)";
}

/// The list of ends in SQLite. Entries become known in the order of their revisions, because one
/// transaction alone writes at a time.
#[derive(Debug)]
pub(super) struct SqliteRevocations(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<RevocationEntry, Failed> {
    let until = row.time("until")?;
    let ended = match row.maybe_text("user")? {
        None => Ended::One { mark: row.array("mark")?, until },
        Some(_) => {
            Ended::User { user: row.user("user")?, not_before: row.time("not_before")?, until }
        }
    };
    let trace = row.trace(["ended_at", "ended_by", "ended_why"])?;
    let trace = trace.ok_or(Failed::Unreadable("ended_at"))?;
    Ok(RevocationEntry { revision: row.number("revision")?, ended, trace })
}

impl RevocationStore for SqliteRevocations {
    fn add(&self, ended: Ended, trace: Trace) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let (mark, user, not_before) = match &ended {
                Ended::One { mark, .. } => (Some(mark.to_vec()), None, None),
                Ended::User { user, not_before, .. } => (None, Some(user), Some(*not_before)),
            };
            let insert = query(ADD)
                .bind(mark)
                .bind(user.map(UserId::as_str))
                .bind(not_before.map(nanos))
                .bind(nanos(ended.until()))
                .bind(nanos(trace.at))
                .bind(trace.by.as_str())
                .bind(&trace.why);
            insert.execute(db).await?;
            Ok(())
        })
    }

    fn since(&self, revision: u64, most: usize) -> Stored<'_, Vec<RevocationEntry>> {
        let revision = i64::try_from(revision).unwrap_or(i64::MAX);
        Box::pin(self.0.readers.many(query(SINCE).bind(revision).bind(count(most)), read))
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        self.0.write(async move |db| {
            let delete = query(REMOVE_EXPIRED).bind(nanos(now)).bind(count(most));
            Ok(removed(&delete.execute(db).await?))
        })
    }
}
