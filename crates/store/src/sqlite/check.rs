//! Whether a file is whole.

use sqlx::query_scalar;
use sqlx::sqlite::SqliteConnection;

/// One line for each page whose authentication code does not fit; none when all do.
const PAGES: &str = "PRAGMA cipher_integrity_check";

/// `ok`, or the first thing that does not fit together.
const STRUCTURE: &str = "PRAGMA quick_check(1)";

/// One row for each reference to a row that is not there.
const REFERENCES: &str = "SELECT 'a row of `' || \"table\" || '` belongs to nothing'
    FROM pragma_foreign_key_check LIMIT 1";

/// Reads the whole file, and says what is wrong with it: a page that is not what was written, or
/// rows and indexes that do not fit together. `None` when it is whole.
pub(crate) async fn check(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    let page: Option<String> = query_scalar(PAGES).fetch_optional(&mut *connection).await?;
    if page.is_some() {
        return Ok(page);
    }
    let structure: String = query_scalar(STRUCTURE).fetch_one(&mut *connection).await?;
    if structure != "ok" {
        return Ok(Some(structure));
    }
    query_scalar(REFERENCES).fetch_optional(&mut *connection).await
}
