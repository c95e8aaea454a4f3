//! The schema and its history: migrations in order, forward only, each known by its checksum.

use std::fmt;

use mantlet_crypto::sha256;
use mantlet_types::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor as _, query, raw_sql};

use super::failed::Failed;
use super::row::{Row, nanos};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    /// Counts up from 1 without gaps.
    pub(crate) number: u32,
    /// What it brings, in a word or two.
    pub(crate) name: &'static str,
    /// Its statements.
    pub(crate) sql: &'static str,
}

/// Every migration, in order. One that was released is never changed: add another.
pub(crate) const ALL: &[Migration] = &[
    Migration { number: 1, name: "identity", sql: include_str!("schema/0001_identity.sql") },
    Migration {
        number: 2,
        name: "refresh_scopes",
        sql: include_str!("schema/0002_refresh_scopes.sql"),
    },
    Migration { number: 3, name: "approvals", sql: include_str!("schema/0003_approvals.sql") },
    Migration { number: 4, name: "passkeys", sql: include_str!("schema/0004_passkeys.sql") },
    Migration { number: 5, name: "links", sql: include_str!("schema/0005_links.sql") },
    Migration {
        number: 6,
        name: "password_links",
        sql: include_str!("schema/0006_password_links.sql"),
    },
];

const CREATE: &str = "CREATE TABLE IF NOT EXISTS migration (
    number   INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL,
    checksum BLOB    NOT NULL,
    applied  INTEGER NOT NULL
) STRICT";
const IS_NEW: &str = "SELECT count(*) = 0 AS answer FROM sqlite_schema";
const LIST: &str = "SELECT number, name, checksum FROM migration ORDER BY number";
const ADD: &str = "INSERT INTO migration (number, name, checksum, applied) VALUES ($1, $2, $3, $4)";

/// Why the schema of a file cannot be brought up to date.
#[derive(Debug)]
pub(crate) enum SchemaError {
    /// A later Mantlet wrote the file: the number of its last migration, and of the last one known.
    Newer(u32, u32),
    /// A migration was another one when it was applied to this file.
    Changed(u32, String),
    /// It is a database of somebody else.
    Foreign,
    /// SQLite says no.
    Failed(Failed),
}

impl<E: Into<Failed>> From<E> for SchemaError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Migration {
    fn checksum(&self) -> [u8; 32] {
        sha256(self.sql.as_bytes())
    }
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}_{}", self.number, self.name)
    }
}

/// Those of `all` that the file does not have yet.
pub(crate) async fn pending<'m>(
    connection: &mut SqliteConnection,
    all: &'m [Migration],
) -> Result<&'m [Migration], SchemaError> {
    let row = query(IS_NEW).fetch_one(&mut *connection).await?;
    if Row(&row).flag("answer")? {
        return Ok(all);
    }
    let rows = query(LIST).fetch_all(&mut *connection).await.map_err(|_| SchemaError::Foreign)?;
    let mut later = all;
    for row in &rows {
        let row = Row(row);
        let number: u32 = row.number("number")?;
        let Some((next, rest)) = later.split_first() else {
            let known = all.last().map_or(0, |last| last.number);
            let last = rows.last().map(|last| Row(last).number("number")).transpose()?;
            return Err(SchemaError::Newer(last.unwrap_or(number), known));
        };
        if next.number != number || row.bytes("checksum")? != next.checksum() {
            return Err(SchemaError::Changed(number, row.text("name")?.to_owned()));
        }
        later = rest;
    }
    Ok(later)
}

/// Applies `migrations`: all of them or none.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<(), Failed> {
    connection.execute("BEGIN IMMEDIATE").await?;
    let applied = apply_all(connection, migrations, now).await;
    let end = if applied.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = connection.execute(end).await;
    applied?;
    ended?;
    Ok(())
}

async fn apply_all(
    connection: &mut SqliteConnection,
    migrations: &[Migration],
    now: Timestamp,
) -> Result<(), Failed> {
    connection.execute(CREATE).await?;
    for migration in migrations {
        raw_sql(migration.sql).execute(&mut *connection).await?;
        let add = query(ADD)
            .bind(migration.number)
            .bind(migration.name)
            .bind(migration.checksum().to_vec())
            .bind(nanos(now));
        add.execute(&mut *connection).await?;
    }
    Ok(())
}
