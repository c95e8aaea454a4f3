//! Families of refresh tokens in SQLite.

use std::sync::Arc;

use mantlet_identity::refresh::{Family, FamilyId, RefreshStore};
use mantlet_identity::store::Stored;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::{query, query_scalar};

use super::failed::Failed;
use super::row::{Row, count, json_list, nanos};
use super::{Database, full, is_done, removed, statements};

/// What is read of a row, by name: whoever takes over from this process may add a column meanwhile.
macro_rules! columns {
    () => {
        "id, user, client, key, salt, created, expires, generation, rotated, revoked_at, revoked_by,
        revoked_why, scopes"
    };
}

statements! {
    COUNT = "SELECT count(*) FROM refresh_family
        WHERE user = $1 AND expires > $2 AND revoked_at IS NULL";
    ADD = "INSERT INTO refresh_family (id, user, client, key, salt, created, expires, generation,
        rotated, revoked_at, revoked_by, revoked_why, scopes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    LOOKUP = concat!("SELECT ", columns!(), " FROM refresh_family WHERE id = $1");
    LIST = concat!("SELECT ", columns!(),
        " FROM refresh_family WHERE user = $1 ORDER BY created, number");
    ADVANCE = "UPDATE refresh_family SET generation = $3, rotated = $4
        WHERE id = $1 AND generation = $2 AND revoked_at IS NULL";
    REVOKE = "UPDATE refresh_family SET revoked_at = $2, revoked_by = $3, revoked_why = $4
        WHERE id = $1 AND revoked_at IS NULL";
    REMOVE_EXPIRED = "DELETE FROM refresh_family WHERE number IN
        (SELECT number FROM refresh_family WHERE expires < $1 LIMIT $2)";
}

/// Families of refresh tokens in SQLite.
#[derive(Debug)]
pub(super) struct SqliteRefresh(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Family, Failed> {
    Ok(Family {
        id: row.parsed("id", FamilyId::parse)?,
        user: row.user("user")?,
        client: row.text("client")?.to_owned(),
        scopes: row.maybe_list("scopes")?,
        key: row.key("key")?,
        salt: row.array("salt")?,
        created: row.time("created")?,
        expires: row.time("expires")?,
        generation: row.number("generation")?,
        rotated: row.time("rotated")?,
        revoked: row.trace(["revoked_at", "revoked_by", "revoked_why"])?,
    })
}

impl RefreshStore for SqliteRefresh {
    fn add(&self, family: Family, most: usize) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let live = query_scalar(COUNT).bind(family.user.as_str()).bind(nanos(family.created));
            let live: i64 = live.fetch_one(&mut *db).await?;
            let trace = family.revoked.as_ref();
            let scopes = family.scopes.as_ref();
            let scopes = scopes.map(|list| json_list(list.iter().map(String::as_str)));
            let insert = query(ADD)
                .bind(family.id.as_str())
                .bind(family.user.as_str())
                .bind(&family.client)
                .bind(family.key.0)
                .bind(family.salt.to_vec())
                .bind(nanos(family.created))
                .bind(nanos(family.expires))
                .bind(family.generation)
                .bind(nanos(family.rotated))
                .bind(trace.map(|trace| nanos(trace.at)))
                .bind(trace.map(|trace| trace.by.as_str()))
                .bind(trace.map(|trace| trace.why.as_str()))
                .bind(scopes);
            // An id that is taken is told first, whatever the limit says.
            insert.execute(db).await?;
            if live < count(most) { Ok(()) } else { Err(full(most)) }
        })
    }

    fn lookup(&self, id: FamilyId) -> Stored<'_, Option<Family>> {
        Box::pin(async move { self.0.readers.one(query(LOOKUP).bind(id.as_str()), read).await })
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Family>> {
        Box::pin(self.0.readers.many(query(LIST).bind(user.as_str()), read))
    }

    fn advance(&self, id: FamilyId, expected: u32, at: Timestamp) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let update = query(ADVANCE)
                .bind(id.as_str())
                .bind(expected)
                .bind(expected.saturating_add(1))
                .bind(nanos(at));
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn revoke(&self, id: FamilyId, trace: Trace) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let update = query(REVOKE)
                .bind(id.as_str())
                .bind(nanos(trace.at))
                .bind(trace.by.as_str())
                .bind(&trace.why);
            Ok(is_done(&update.execute(db).await?))
        })
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        self.0.write(async move |db| {
            let delete = query(REMOVE_EXPIRED).bind(nanos(now)).bind(count(most));
            Ok(removed(&delete.execute(db).await?))
        })
    }
}
