//! What became of a statement.

use mantlet_identity::store::StoreError;

use super::failed::Failed;

/// Whether a statement changed the one row it was meant for.
pub(super) fn is_done(done: &sqlx::sqlite::SqliteQueryResult) -> bool {
    done.rows_affected() > 0
}

/// How many rows a statement removed.
pub(super) fn removed(done: &sqlx::sqlite::SqliteQueryResult) -> usize {
    usize::try_from(done.rows_affected()).unwrap_or(usize::MAX)
}

/// The answer of a repository whose limit is reached.
pub(super) fn full(most: usize) -> Failed {
    Failed::Store(StoreError::Full(most))
}
