//! Sessions in SQLite.

use std::sync::Arc;
use std::time::Duration;

use mantlet_identity::session::{Session, SessionHandle, SessionHash, SessionStore};
use mantlet_identity::store::Stored;
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;
use sqlx::query;
use sqlx::sqlite::SqliteRow;

use super::failed::Failed;
use super::readers::Query;
use super::row::{Row, count, json_list, nanos, nanos_before};
use super::{Database, is_done, removed, statements};

/// What is read of a row, by name: whoever takes over from this process may add a column meanwhile.
macro_rules! columns {
    () => {
        "hash, handle, user, created, renewed, last_seen, expires, has_second_factor, methods,
        address, agent, ended_at, ended_by, ended_why"
    };
}

statements! {
    ADD = "INSERT INTO session (hash, handle, user, created, renewed, last_seen, expires,
        has_second_factor, methods, address, agent, ended_at, ended_by, ended_why)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    END_SURPLUS = concat!("UPDATE session SET ended_at = $3, ended_by = $4, ended_why = $5
        WHERE number IN (SELECT number FROM session WHERE user = $1 AND ended_at IS NULL
            ORDER BY last_seen, number LIMIT max(0, 1 - $2 +
                (SELECT count(*) FROM session WHERE user = $1 AND ended_at IS NULL)))
        RETURNING ", columns!());
    LOOKUP = concat!("SELECT ", columns!(), " FROM session WHERE hash = $1");
    REMOVE_RUNNING = "DELETE FROM session WHERE hash = $1 AND ended_at IS NULL";
    LIST = concat!("SELECT ", columns!(), " FROM session
        WHERE user = $1 AND ended_at IS NULL AND expires > $2 ORDER BY last_seen DESC, number DESC");
    END = concat!("UPDATE session SET ended_at = $3, ended_by = $4, ended_why = $5
        WHERE user = $1 AND handle = $2 AND ended_at IS NULL RETURNING ", columns!());
    END_ALL = concat!("UPDATE session SET ended_at = $3, ended_by = $4, ended_why = $5
        WHERE user = $1 AND hash IS NOT $2 AND ended_at IS NULL RETURNING ", columns!());
    TOUCH = "UPDATE session SET last_seen = $2
        WHERE hash = $1 AND ended_at IS NULL AND last_seen < $2";
    REMOVE_EXPIRED = "DELETE FROM session WHERE number IN
        (SELECT number FROM (SELECT number FROM session WHERE expires <= $1 LIMIT $3)
        UNION SELECT number FROM (SELECT number FROM session WHERE last_seen <= $2 LIMIT $3)
        LIMIT $3)";
}

/// Sessions in SQLite.
#[derive(Debug)]
pub(super) struct SqliteSessions(pub(super) Arc<Database>);

fn read(row: &Row<'_>) -> Result<Session, Failed> {
    Ok(Session {
        hash: SessionHash(row.array("hash")?),
        handle: row.parsed("handle", SessionHandle::parse)?,
        user: row.user("user")?,
        created: row.time("created")?,
        renewed: row.time("renewed")?,
        last_seen: row.time("last_seen")?,
        expires: row.time("expires")?,
        has_second_factor: row.flag("has_second_factor")?,
        methods: row.list("methods")?,
        address: row.parsed("address", |text| text.parse().ok())?,
        agent: row.text("agent")?.to_owned(),
        ended: row.trace(["ended_at", "ended_by", "ended_why"])?,
    })
}

fn read_all(rows: &[SqliteRow]) -> Result<Vec<Session>, Failed> {
    rows.iter().map(|row| read(&Row(row))).collect()
}

fn insert(session: &Session) -> Query<'static> {
    let trace = session.ended.as_ref();
    query(ADD)
        .bind(session.hash.0.to_vec())
        .bind(session.handle.as_str())
        .bind(session.user.as_str())
        .bind(nanos(session.created))
        .bind(nanos(session.renewed))
        .bind(nanos(session.last_seen))
        .bind(nanos(session.expires))
        .bind(session.has_second_factor)
        .bind(json_list(session.methods.iter().map(String::as_str)))
        .bind(session.address.to_string())
        .bind(&session.agent)
        .bind(trace.map(|trace| nanos(trace.at)))
        .bind(trace.map(|trace| trace.by.as_str()))
        .bind(trace.map(|trace| trace.why.as_str()))
}

/// `query` with the three columns of an end.
fn ended<'q>(query: Query<'q>, trace: &Trace) -> Query<'q> {
    query.bind(nanos(trace.at)).bind(trace.by.as_str()).bind(&trace.why)
}

impl SessionStore for SqliteSessions {
    fn add(&self, session: Session, most: usize, trace: Trace) -> Stored<'_, Vec<Session>> {
        self.0.write(async move |db| {
            let surplus = query(END_SURPLUS).bind(session.user.as_str()).bind(count(most));
            let surplus = ended(surplus, &trace).fetch_all(&mut *db).await?;
            insert(&session).execute(&mut *db).await?;
            read_all(&surplus)
        })
    }

    fn lookup(&self, hash: SessionHash) -> Stored<'_, Option<Session>> {
        Box::pin(self.0.readers.one(query(LOOKUP).bind(hash.0.to_vec()), read))
    }

    fn replace(&self, old: SessionHash, session: Session) -> Stored<'_, bool> {
        self.0.write(async move |db| {
            let remove = query(REMOVE_RUNNING).bind(old.0.to_vec());
            let was_running = is_done(&remove.execute(&mut *db).await?);
            if was_running {
                insert(&session).execute(&mut *db).await?;
            }
            Ok(was_running)
        })
    }

    fn list<'a>(&'a self, user: &'a UserId, now: Timestamp) -> Stored<'a, Vec<Session>> {
        Box::pin(self.0.readers.many(query(LIST).bind(user.as_str()).bind(nanos(now)), read))
    }

    fn end<'a>(
        &'a self,
        user: &'a UserId,
        handle: SessionHandle,
        trace: Trace,
    ) -> Stored<'a, Option<Session>> {
        let user = user.clone();
        self.0.write(async move |db| {
            let end = query(END).bind(user.as_str()).bind(handle.as_str());
            let rows = ended(end, &trace).fetch_all(db).await?;
            Ok(read_all(&rows)?.pop())
        })
    }

    fn end_all<'a>(
        &'a self,
        user: &'a UserId,
        keep: Option<SessionHash>,
        trace: Trace,
    ) -> Stored<'a, Vec<Session>> {
        let user = user.clone();
        self.0.write(async move |db| {
            let keep = keep.map(|hash| hash.0.to_vec());
            let end = query(END_ALL).bind(user.as_str()).bind(keep);
            read_all(&ended(end, &trace).fetch_all(db).await?)
        })
    }

    fn touch(&self, hash: SessionHash, at: Timestamp) -> Stored<'_, ()> {
        self.0.write(async move |db| {
            query(TOUCH).bind(hash.0.to_vec()).bind(nanos(at)).execute(db).await?;
            Ok(())
        })
    }

    fn remove_expired(&self, now: Timestamp, idle: Duration, most: usize) -> Stored<'_, usize> {
        self.0.write(async move |db| {
            let delete = query(REMOVE_EXPIRED)
                .bind(nanos(now))
                .bind(nanos_before(now, idle))
                .bind(count(most));
            Ok(removed(&delete.execute(db).await?))
        })
    }
}
