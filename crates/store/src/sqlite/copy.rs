//! Copies of the whole database, made while it is in use.

use std::path::Path;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Executor as _, query};

use crate::files;

const COPY: &str = "VACUUM INTO $1";

/// Writes a copy of the database, as it is at this moment and with the same key, to `path`, which
/// must not exist. It is on disk when this returns.
pub(crate) async fn copy_into(connection: &mut SqliteConnection, path: &Path) -> sqlx::Result<()> {
    files::make_empty(path)?;
    let name = path.to_str().ok_or_else(|| std::io::Error::other("its path is not UTF-8"))?;
    connection.execute(query(COPY).bind(name)).await?;
    std::fs::File::open(path)?.sync_all()?;
    files::sync_folder_of(path)?;
    Ok(())
}
