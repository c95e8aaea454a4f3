//! What can go wrong within an act, and what of it callers learn.

use mantlet_identity::store::StoreError;

/// Why an act was not done.
#[derive(Debug)]
pub(crate) enum Failed {
    /// What the repository says of itself.
    Store(StoreError),
    /// What SQLite says.
    Sql(sqlx::Error),
    /// A column does not hold what was written there.
    Unreadable(&'static str),
}

impl Failed {
    /// Whether the whole transaction is lost with it, not this act alone: the disk is full, the file
    /// is damaged, or the connection is gone.
    pub(super) fn is_of_all(&self) -> bool {
        match self {
            Self::Store(_) | Self::Unreadable(_) => false,
            Self::Sql(sqlx::Error::Database(error)) => {
                error.kind() == sqlx::error::ErrorKind::Other
            }
            Self::Sql(error) => !matches!(error, sqlx::Error::RowNotFound),
        }
    }
}

impl From<sqlx::Error> for Failed {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failed> for StoreError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Store(error) => error,
            Failed::Sql(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Self::Conflict
            }
            Failed::Sql(error) => Self::Unavailable(explain(&error)),
            Failed::Unreadable(column) => Self::Unavailable(format!("`{column}` cannot be read")),
        }
    }
}

impl Failed {
    /// Whether another process holds the file.
    pub(super) fn is_locked(&self) -> bool {
        matches!(self.result_code(), Some(5 | 6))
    }

    /// The primary result code of SQLite; `None` when the error is not SQLite's.
    pub(crate) fn result_code(&self) -> Option<u32> {
        match self {
            Self::Sql(error) => result_code(error),
            Self::Store(_) | Self::Unreadable(_) => None,
        }
    }
}

/// The primary result code of SQLite; `None` when the error is not SQLite's.
fn result_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    // Extended codes keep the primary one in their lowest byte.
    Some(code & 0xff)
}

/// SQLite's words for the cases that somebody can do something about, and its own for the rest.
fn explain(error: &sqlx::Error) -> String {
    match result_code(error) {
        Some(5 | 6) => "another process is writing to the file".to_owned(),
        Some(8) => "the file may not be written to".to_owned(),
        Some(10) => format!("the disk fails: {error}"),
        Some(11) => "the file is damaged: restore a backup".to_owned(),
        Some(13) => "the disk is full, or the store has reached its `max_size`".to_owned(),
        Some(14) => "the file cannot be opened".to_owned(),
        Some(26) => "the file does not open with this key, or is damaged".to_owned(),
        _ => error.to_string(),
    }
}
