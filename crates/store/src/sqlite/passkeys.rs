//! Passkeys in SQLite.

use std::sync::Arc;

use mantlet_identity::UserId;
use mantlet_identity::passkey::{Passkey, PasskeyId, PasskeyLabel, PasskeyStore};
use mantlet_identity::store::Stored;
use mantlet_types::Timestamp;
use sqlx::query;

use super::failed::Failed;
use super::row::{Row, count, nanos};
use super::{Database, full, is_done, removed, statements};

statements! {
    ADD = "INSERT INTO passkey (id, user, handle, host, label, key, counter, is_shared, created,
        last_used) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
        WHERE (SELECT count(*) FROM passkey WHERE user = $2) < $11";
    FIND = "SELECT id, user, handle, host, label, key, counter, is_shared, created, last_used FROM passkey WHERE id = $1";
    LIST = "SELECT id, user, handle, host, label, key, counter, is_shared, created, last_used FROM passkey WHERE user = $1 ORDER BY number";
    NOTE_USE = "UPDATE passkey SET counter = $2, last_used = $3
        WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0))";
    RENAME = "UPDATE passkey SET label = $3 WHERE user = $1 AND id = $2";
    REMOVE = "DELETE FROM passkey WHERE user = $1 AND id = $2";
    REMOVE_ALL = "DELETE FROM passkey WHERE user = $1";
}

/// Passkeys in SQLite.
#[derive(Debug)]
pub(super) struct SqlitePasskeys(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Passkey, Failed> {
    Ok(Passkey {
        id: PasskeyId::of(row.bytes("id")?).ok_or(Failed::Unreadable("id"))?,
        user: row.user("user")?,
        handle: row.array("handle")?,
        host: row.text("host")?.to_owned(),
        label: row.parsed("label", PasskeyLabel::parse)?,
        key: row.bytes("key")?.to_vec(),
        counter: row.number("counter")?,
        is_shared: row.flag("is_shared")?,
        created: row.time("created")?,
        last_used: row.maybe_time("last_used")?,
    })
}

impl PasskeyStore for SqlitePasskeys {
    fn add(&self, passkey: Passkey, most: usize) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let insert = query(ADD)
                .bind(passkey.id.as_bytes())
                .bind(passkey.user.as_str())
                .bind(&passkey.handle[..])
                .bind(&passkey.host)
                .bind(passkey.label.as_str())
                .bind(&passkey.key)
                .bind(passkey.counter)
                .bind(passkey.is_shared)
                .bind(nanos(passkey.created))
                .bind(passkey.last_used.map(nanos))
                .bind(count(most));
            let is_added = is_done(&insert.execute(db).await?);
            is_added.then_some(()).ok_or_else(|| full(most))
        })
    }

    fn find<'a>(&'a self, id: &'a PasskeyId) -> Stored<'a, Option<Passkey>> {
        Box::pin(self.0.readers.one(query(FIND).bind(id.as_bytes()), read))
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Passkey>> {
        Box::pin(self.0.readers.many(query(LIST).bind(user.as_str()), read))
    }

    fn note_use<'a>(&'a self, id: &'a PasskeyId, counter: u32, at: Timestamp) -> Stored<'a, bool> {
        let id = id.clone();
        self.0.write(async move |db| {
            let update = query(NOTE_USE).bind(id.as_bytes()).bind(counter).bind(nanos(at));
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn rename<'a>(
        &'a self,
        user: &'a UserId,
        id: &'a PasskeyId,
        label: PasskeyLabel,
    ) -> Stored<'a, bool> {
        let (user, id) = (user.clone(), id.clone());
        self.0.write(async move |db| {
            let update = query(RENAME).bind(user.as_str()).bind(id.as_bytes()).bind(label.as_str());
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn remove<'a>(&'a self, user: &'a UserId, id: &'a PasskeyId) -> Stored<'a, bool> {
        let (user, id) = (user.clone(), id.clone());
        self.0.write(async move |db| {
            let delete = query(REMOVE).bind(user.as_str()).bind(id.as_bytes());
            Ok(is_done(&delete.execute(db).await?))
        })
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize> {
        let user = user.clone();
        self.0.write(async move |db| {
            Ok(removed(&query(REMOVE_ALL).bind(user.as_str()).execute(db).await?))
        })
    }
}
