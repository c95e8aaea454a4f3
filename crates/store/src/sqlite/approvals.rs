//! Approvals in SQLite.

use std::sync::Arc;

use mantlet_identity::approval::{Approval, ApprovalStore, NewApproval};
use mantlet_identity::store::Stored;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::{query, query_scalar};

use super::failed::Failed;
use super::row::{Row, count, nanos};
use super::{Database, full, is_done, removed, statements};

/// What is read of a row, by name: whoever takes over from this process may add a column meanwhile.
macro_rules! columns {
    () => {
        "number, user, resource, may_write, given_at, given_by, given_why, until, withdrawn_at,
        withdrawn_by, withdrawn_why"
    };
}

statements! {
    COUNT = "SELECT count(*) FROM approval
        WHERE user = $1 AND withdrawn_at IS NULL AND given_at <= $2 AND until > $2";
    ADD = "INSERT INTO approval (user, resource, may_write, given_at, given_by, given_why, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING number";
    IN_FORCE = concat!("SELECT ", columns!(), " FROM approval
        WHERE user = $1 AND withdrawn_at IS NULL AND given_at <= $2 AND until > $2 ORDER BY number");
    LIST = concat!("SELECT ", columns!(),
        " FROM approval WHERE number > $1 ORDER BY number LIMIT $2");
    WITHDRAW = "UPDATE approval SET withdrawn_at = $2, withdrawn_by = $3, withdrawn_why = $4
        WHERE number = $1 AND withdrawn_at IS NULL";
    REMOVE_ENDED = "DELETE FROM approval WHERE number IN
        (SELECT number FROM approval WHERE until < $1 LIMIT $2)";
}

/// Approvals in SQLite.
#[derive(Debug)]
pub(super) struct SqliteApprovals(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Approval, Failed> {
    let given = row.trace(["given_at", "given_by", "given_why"])?;
    let what = NewApproval {
        user: row.user("user")?,
        resource: row.text("resource")?.to_owned(),
        may_write: row.flag("may_write")?,
        given: given.ok_or(Failed::Unreadable("given_at"))?,
        until: row.time("until")?,
    };
    let withdrawn = row.trace(["withdrawn_at", "withdrawn_by", "withdrawn_why"])?;
    Ok(Approval { number: row.number("number")?, what, withdrawn })
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl ApprovalStore for SqliteApprovals {
    fn add(&self, approval: NewApproval, most: usize) -> Stored<'_, u64> {
        self.0.write(async move |db| {
            let given = &approval.given;
            let live = query_scalar(COUNT).bind(approval.user.as_str()).bind(nanos(given.at));
            let live: i64 = live.fetch_one(&mut *db).await?;
            if live >= count(most) {
                return Err(full(most));
            }
            let insert = query(ADD)
                .bind(approval.user.as_str())
                .bind(&approval.resource)
                .bind(approval.may_write)
                .bind(nanos(given.at))
                .bind(given.by.as_str())
                .bind(&given.why)
                .bind(nanos(approval.until));
            let row = insert.fetch_one(db).await?;
            Row(&row).number("number")
        })
    }

    fn in_force<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Approval>> {
        let select = query(IN_FORCE).bind(user.as_str()).bind(nanos(now));
        Box::pin(self.0.readers.many(select, read))
    }

    fn list(&self, after: u64, most: usize) -> Stored<'_, Vec<Approval>> {
        let select = query(LIST).bind(signed(after)).bind(count(most));
        Box::pin(self.0.readers.many(select, read))
    }

    fn withdraw(&self, number: u64, trace: Trace) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let update = query(WITHDRAW)
                .bind(signed(number))
                .bind(nanos(trace.at))
                .bind(trace.by.as_str())
                .bind(&trace.why);
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn remove_ended(&self, then: Timestamp, most: usize) -> Stored<'_, usize> {
        self.0.write(async move |db| {
            let delete = query(REMOVE_ENDED).bind(nanos(then)).bind(count(most));
            Ok(removed(&delete.execute(db).await?))
        })
    }
}
