//! Why there is no backup, or none to restore.

use std::fmt;
use std::io;
use std::path::Path;

use crate::OpenError;

/// Why a backup was not made or not restored. Nothing was changed then.
#[derive(Debug)]
pub enum BackupError {
    /// The folder for the backup is there already.
    Exists {
        /// The folder.
        path: String,
    },
    /// The key of the store is being changed.
    Occupied,
    /// Another backup is being verified there.
    Verifying {
        /// The data folder.
        path: String,
    },
    /// There is a store already, and nobody said that it may be replaced.
    StoreExists {
        /// Its file.
        path: String,
    },
    /// The folder holds no backup.
    NotABackup {
        /// The folder.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The manifest was not written with this root key.
    Foreign {
        /// The folder.
        path: String,
    },
    /// A file is not the one that was backed up.
    Differs {
        /// The file.
        path: String,
    },
    /// The store, or the one within the backup, cannot be used.
    Store(OpenError),
    /// A file or folder cannot be used.
    File {
        /// Which.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
}

impl BackupError {
    pub(super) fn of_file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |error| Self::File { path: path.clone(), error }
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "name a folder that is not there yet",
            Self::Occupied | Self::Verifying { .. } => "wait for its end and try again",
            Self::StoreExists { .. } => {
                "say `--replace` to put the backup in its place; what is there now is kept beside it"
            }
            Self::NotABackup { .. } => "name the folder that `mantlet store backup` made",
            Self::Foreign { .. } => {
                "give the root key of the server that made the backup; if it is the right one, the manifest was changed"
            }
            Self::Differs { .. } => "the backup was damaged or changed: use another",
            Self::Store(error) => error.hint(),
            Self::File { .. } => {
                "see that it exists, that this user may read and write it, and that there is room"
            }
        }
    }
}

/// What is wrong, and on a second line what to do about it.
impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Store(error) = self {
            return error.fmt(f);
        }
        self.tell(f)?;
        write!(f, "\n  hint: {}", self.hint())
    }
}

impl BackupError {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists { path } => write!(f, "`{path}` is there already"),
            Self::Occupied => f.write_str("the key of the store is being changed"),
            Self::Verifying { path } => {
                write!(f, "another backup is being verified in `{path}`")
            }
            Self::StoreExists { path } => write!(f, "there is a store already: `{path}`"),
            Self::NotABackup { path, why } => write!(f, "`{path}` is no backup: {why}"),
            Self::Foreign { path } => {
                write!(f, "the manifest in `{path}` was not signed with this root key")
            }
            Self::Differs { path } => write!(f, "`{path}` is not the file that was backed up"),
            Self::Store(error) => write!(f, "{error}"),
            Self::File { path, error } => write!(f, "`{path}`: {error}"),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<OpenError> for BackupError {
    fn from(error: OpenError) -> Self {
        Self::Store(error)
    }
}
