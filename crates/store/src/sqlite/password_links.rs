//! Links in SQLite.

use std::sync::Arc;

use mantlet_identity::UserId;
use mantlet_identity::password_link::{EmailAddress, Link, LinkHash, LinkKind, PasswordLinkStore};
use mantlet_identity::store::Stored;
use mantlet_types::Timestamp;
use sqlx::query;

use super::failed::Failed;
use super::row::{Row, count, nanos};
use super::{Database, removed, statements};

statements! {
    ADD = "INSERT INTO password_link (hash, user, kind, created, expires) VALUES ($1, $2, $3, $4, $5)";
    TRIM = "DELETE FROM password_link WHERE user = $1 AND hash NOT IN
        (SELECT hash FROM password_link WHERE user = $1 ORDER BY created DESC LIMIT $2)";
    LOOKUP = "SELECT hash, user, kind, created, expires FROM password_link WHERE hash = $1 AND expires > $2";
    TAKE = "DELETE FROM password_link WHERE hash = $1 AND expires > $2
        RETURNING hash, user, kind, created, expires";
    REMOVE_ALL = "DELETE FROM password_link WHERE user = $1";
    REMOVE_EXPIRED = "DELETE FROM password_link WHERE hash IN
        (SELECT hash FROM password_link WHERE expires <= $1 LIMIT $2)";
    SET_EMAIL = "INSERT INTO email (user, address) VALUES ($1, $2)
        ON CONFLICT (user) DO UPDATE SET address = excluded.address";
    REMOVE_EMAIL = "DELETE FROM email WHERE user = $1";
    EMAIL = "SELECT address FROM email WHERE user = $1";
}

/// Links in SQLite.
#[derive(Debug)]
pub(super) struct SqlitePasswordLinks(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Link, Failed> {
    let hash = row.bytes("hash")?.try_into().map_err(|_| Failed::Unreadable("hash"))?;
    Ok(Link {
        hash: LinkHash(hash),
        user: row.user("user")?,
        kind: row.parsed("kind", LinkKind::parse)?,
        created: row.time("created")?,
        expires: row.time("expires")?,
    })
}

impl PasswordLinkStore for SqlitePasswordLinks {
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let insert = query(ADD)
                .bind(link.hash.0.to_vec())
                .bind(link.user.as_str())
                .bind(link.kind.as_str())
                .bind(nanos(link.created))
                .bind(nanos(link.expires));
            insert.execute(&mut *db).await?;
            query(TRIM).bind(link.user.as_str()).bind(count(most)).execute(db).await?;
            Ok(())
        })
    }

    fn lookup(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>> {
        let select = query(LOOKUP).bind(hash.0.to_vec()).bind(nanos(now));
        Box::pin(self.0.readers.one(select, read))
    }

    fn take(&self, hash: LinkHash, now: Timestamp) -> Stored<'_, Option<Link>> {
        self.0.write(async move |db| {
            let delete = query(TAKE).bind(hash.0.to_vec()).bind(nanos(now));
            let row = delete.fetch_optional(db).await?;
            row.map(|row| read(&Row(&row))).transpose()
        })
    }

    fn remove_all<'a>(&'a self, user: &'a UserId) -> Stored<'a, usize> {
        let user = user.clone();
        self.0.write(async move |db| {
            Ok(removed(&query(REMOVE_ALL).bind(user.as_str()).execute(db).await?))
        })
    }

    fn remove_expired(&self, now: Timestamp, most: usize) -> Stored<'_, usize> {
        self.0.write(async move |db| {
            let delete = query(REMOVE_EXPIRED).bind(nanos(now)).bind(count(most));
            Ok(removed(&delete.execute(db).await?))
        })
    }

    fn set_email<'a>(&'a self, user: &'a UserId, email: Option<EmailAddress>) -> Stored<'a, ()> {
        let user = user.clone();
        self.0.write(async move |db| {
            let change = match &email {
                Some(email) => query(SET_EMAIL).bind(user.as_str()).bind(email.as_str()),
                None => query(REMOVE_EMAIL).bind(user.as_str()),
            };
            change.execute(db).await?;
            Ok(())
        })
    }

    fn email<'a>(&'a self, user: &'a UserId) -> Stored<'a, Option<EmailAddress>> {
        let address = |row: &Row<'_>| row.parsed("address", |text| EmailAddress::parse(text).ok());
        Box::pin(self.0.readers.one(query(EMAIL).bind(user.as_str()), address))
    }
}
