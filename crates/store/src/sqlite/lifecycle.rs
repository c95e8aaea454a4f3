//! What is done to a file as a whole while nobody uses it: making it, bringing its schema up to date,
//! checking it, giving it another key.

use std::path::Path;

use mantlet_types::Timestamp;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Executor as _, query};

use super::check::check;
use super::connect::Place;
use super::copy::copy_into;
use super::failed::Failed;
use super::migrations::{self, Migration, SchemaError};
use crate::files;

const ATTACH: &str = "ATTACH DATABASE $1 AS next KEY $2";
const EXPORT: &str = "SELECT sqlcipher_export('next')";
const DETACH: &str = "DETACH DATABASE next";

/// Makes an acting connection, gives it to `$act`, and closes it whatever came of that: the last one
/// to close moves the log into the file.
macro_rules! with_connection {
    ($place:expr, |$connection:ident| $act:expr) => {{
        let mut connection = $place.connect_to_write().await?;
        let $connection = &mut connection;
        let outcome = $act.await;
        let closed = connection.close().await;
        match outcome {
            Ok(value) => closed.map(|()| value).map_err(Into::into),
            Err(error) => Err(error),
        }
    }};
}

impl Place {
    /// Makes the database in an empty file.
    pub(crate) async fn create(
        &self,
        migrations: &[Migration],
        now: Timestamp,
    ) -> Result<(), Failed> {
        files::remove_database(&self.path).map_err(sqlx::Error::from)?;
        files::make_empty(&self.path).map_err(sqlx::Error::from)?;
        with_connection!(self, |connection| migrations::apply(connection, migrations, now))
    }

    /// Brings the schema up to date and answers what was applied. Before that a copy is made at
    /// `snapshot`; none where that is `None`.
    pub(crate) async fn migrate<'m>(
        &self,
        migrations: &'m [Migration],
        now: Timestamp,
        snapshot: Option<&Path>,
    ) -> Result<&'m [Migration], SchemaError> {
        with_connection!(self, |connection| migrate(connection, migrations, now, snapshot))
    }

    /// Those of `migrations` that the file does not have yet.
    pub(crate) async fn pending<'m>(
        &self,
        migrations: &'m [Migration],
    ) -> Result<&'m [Migration], SchemaError> {
        with_connection!(self, |connection| migrations::pending(connection, migrations))
    }

    /// Reads the whole file, and says what is wrong with it; `None` when it is whole.
    pub(crate) async fn check(&self) -> Result<Option<String>, Failed> {
        with_connection!(self, |connection| async { Ok(check(connection).await?) })
    }

    /// Writes a copy with the same key to `path`, as the database is at this moment. It may be in
    /// use meanwhile.
    pub(crate) async fn copy_to(&self, path: &Path) -> Result<(), Failed> {
        with_connection!(self, |connection| async { Ok(copy_into(connection, path).await?) })
    }

    /// Writes everything to `next`, which has another key.
    pub(crate) async fn copy_to_other_key(&self, next: &Self) -> Result<(), Failed> {
        files::remove_database(&next.path).map_err(sqlx::Error::from)?;
        files::make_empty(&next.path).map_err(sqlx::Error::from)?;
        with_connection!(self, |connection| export(connection, next))?;
        // The export is in a mode of its own; connecting once gives it ours, and syncs it.
        with_connection!(next, |_connection| async { Ok::<(), Failed>(()) })
    }
}

async fn migrate<'m>(
    connection: &mut SqliteConnection,
    migrations: &'m [Migration],
    now: Timestamp,
    snapshot: Option<&Path>,
) -> Result<&'m [Migration], SchemaError> {
    let pending = migrations::pending(connection, migrations).await?;
    if pending.is_empty() {
        return Ok(pending);
    }
    if let Some(snapshot) = snapshot {
        files::remove_database(snapshot).map_err(sqlx::Error::from)?;
        copy_into(connection, snapshot).await?;
    }
    migrations::apply(connection, pending, now).await?;
    Ok(pending)
}

async fn export(connection: &mut SqliteConnection, next: &Place) -> Result<(), Failed> {
    let path = next.path.to_str().ok_or(Failed::Unreadable("path"))?;
    let attach = query(ATTACH).bind(path).bind(next.key.text().as_str());
    connection.execute(attach).await?;
    connection.execute(EXPORT).await?;
    connection.execute(DETACH).await?;
    Ok(())
}
