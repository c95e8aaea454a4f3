//! Links to providers in SQLite.

use std::sync::Arc;

use mantlet_identity::UserId;
use mantlet_identity::provider::{Link, LinkStore};
use mantlet_identity::store::Stored;
use sqlx::query;

use super::failed::Failed;
use super::row::{Row, count, nanos};
use super::{Database, full, is_done, removed, statements};

statements! {
    ADD = "INSERT INTO link (issuer, subject, user, is_made, created) SELECT $1, $2, $3, $4, $5
        WHERE (SELECT count(*) FROM link WHERE user = $3) < $6";
    FIND = "SELECT issuer, subject, user, is_made, created FROM link WHERE issuer = $1 AND subject = $2";
    LIST = "SELECT issuer, subject, user, is_made, created FROM link WHERE user = $1 ORDER BY number";
    REMOVE = "DELETE FROM link WHERE user = $1 AND issuer = $2 AND subject = $3";
    REMOVE_ALL = "DELETE FROM link WHERE user = $1";
}

/// Links to providers in SQLite.
#[derive(Debug)]
pub(super) struct SqliteLinks(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Link, Failed> {
    Ok(Link {
        issuer: row.text("issuer")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        user: row.user("user")?,
        is_made: row.flag("is_made")?,
        created: row.time("created")?,
    })
}

impl LinkStore for SqliteLinks {
    fn add(&self, link: Link, most: usize) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            let insert = query(ADD)
                .bind(&link.issuer)
                .bind(&link.subject)
                .bind(link.user.as_str())
                .bind(link.is_made)
                .bind(nanos(link.created))
                .bind(count(most));
            let is_added = is_done(&insert.execute(db).await?);
            is_added.then_some(()).ok_or_else(|| full(most))
        })
    }

    fn find<'a>(&'a self, issuer: &'a str, subject: &'a str) -> Stored<'a, Option<Link>> {
        Box::pin(self.0.readers.one(query(FIND).bind(issuer).bind(subject), read))
    }

    fn list<'a>(&'a self, user: &'a UserId) -> Stored<'a, Vec<Link>> {
        Box::pin(self.0.readers.many(query(LIST).bind(user.as_str()), read))
    }

    fn remove<'a>(
        &'a self,
        user: &'a UserId,
        issuer: &'a str,
        subject: &'a str,
    ) -> Stored<'a, bool> {
        let (user, issuer, subject) = (user.clone(), issuer.to_owned(), subject.to_owned());
        self.0.write(async move |db| {
            let delete = query(REMOVE).bind(user.as_str()).bind(issuer).bind(subject);
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
