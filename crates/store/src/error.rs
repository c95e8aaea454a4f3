//! Why a store cannot be opened, in words, and what to do about it.

use std::fmt;
use std::io;
use std::path::Path;

use mantlet_crypto::{RingError, RootError};
use mantlet_identity::store::StoreError;

use crate::sqlite::failed::Failed;
use crate::sqlite::migrations::SchemaError;

/// Why a store cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// There is no usable root key.
    Root(RootError),
    /// There is no store.
    NoStore {
        /// Where it should be.
        path: String,
    },
    /// There is data, and no root key where it should be.
    NoRootKey {
        /// Where it should be.
        path: String,
    },
    /// There is data, and what its passphrase was stretched with is missing or damaged.
    NoSalt {
        /// Where it should be.
        path: String,
    },
    /// There is no usable key ring.
    Ring(RingError),
    /// The key ring belongs to a database that is not there.
    Lost {
        /// Where it should be.
        path: String,
    },
    /// The file is encrypted with a key that the ring does not have.
    WrongKey {
        /// The file.
        path: String,
    },
    /// The file is a database that is not encrypted.
    NotEncrypted {
        /// The file.
        path: String,
    },
    /// The file has its key, and cannot be read with it.
    Damaged {
        /// The file.
        path: String,
        /// What was found.
        why: String,
    },
    /// A later Mantlet wrote the file.
    Newer {
        /// The number of its last migration.
        found: u32,
        /// The number of the last one that this Mantlet knows.
        known: u32,
    },
    /// A migration was another one when it was applied to this file.
    Changed {
        /// The migration.
        migration: String,
    },
    /// A file or folder cannot be used.
    File {
        /// Which.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
    /// SQLite says no.
    Database {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl OpenError {
    pub(crate) fn of_file(path: &Path) -> impl Fn(io::Error) -> Self + use<> {
        let path = path.display().to_string();
        move |error| Self::File { path: path.clone(), error }
    }

    /// What became of the file at `path`, whose key is the right one.
    pub(crate) fn of_database(path: &Path) -> impl Fn(Failed) -> Self + use<> {
        let path = path.display().to_string();
        move |failed| {
            let path = path.clone();
            match failed.result_code() {
                Some(11) => {
                    Self::Damaged { path, why: "a page is not what was written".to_owned() }
                }
                Some(26) => {
                    Self::Damaged { path, why: "its first page is not what was written".to_owned() }
                }
                _ => match StoreError::from(failed) {
                    StoreError::Unavailable(why) => Self::Database { path, why },
                    other => Self::Database { path, why: other.to_string() },
                },
            }
        }
    }

    /// What became of the schema of the file at `path`.
    pub(crate) fn of_schema(path: &Path) -> impl Fn(SchemaError) -> Self + use<> {
        let path = path.to_owned();
        move |error| match error {
            SchemaError::Newer(found, known) => Self::Newer { found, known },
            SchemaError::Changed(number, name) => {
                Self::Changed { migration: format!("{number:04}_{name}") }
            }
            SchemaError::Foreign => {
                let why = "it holds tables that are not Mantlet's".to_owned();
                Self::Damaged { path: path.display().to_string(), why }
            }
            SchemaError::Failed(failed) => Self::of_database(&path)(failed),
        }
    }

    /// What is wrong, without what to do about it.
    #[must_use]
    pub fn summary(&self) -> String {
        struct Told<'e>(&'e OpenError);
        impl fmt::Display for Told<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.tell(f)
            }
        }
        Told(self).to_string()
    }

    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Root(error) => error.hint(),
            Self::NoStore { .. } => {
                "name its data folder with --data; `mantlet run` makes one where there is none"
            }
            Self::NoRootKey { .. } => {
                "put the root key back, or name it with `[store] root_key`; no other key opens this data"
            }
            Self::NoSalt { .. } => {
                "put the file back from a backup; the passphrase alone opens nothing"
            }
            Self::Ring(RingError::WrongRoot { .. }) => {
                "give the root key that this data folder was made with"
            }
            Self::Ring(_) => "put `keys/ring.json` back from a backup",
            Self::Lost { .. } => {
                "restore a backup with `mantlet store restore`; to begin empty instead, move the folder `keys` away"
            }
            Self::WrongKey { .. } => {
                "database and key ring belong together: put back both from the same backup"
            }
            Self::NotEncrypted { .. } => "this is not a store of Mantlet: move it away",
            Self::Damaged { .. } => "restore a backup with `mantlet store restore`",
            Self::Newer { .. } => {
                "run the later Mantlet, or restore the snapshot that it made before it migrated"
            }
            Self::Changed { .. } => "run the Mantlet that wrote this file, or restore a backup",
            Self::File { .. } => "see that it exists and that this user may read and write it",
            Self::Database { .. } => {
                "see that the disk has room and that nothing else uses the data folder"
            }
        }
    }
}

/// What is wrong, and on a second line what to do about it.
impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f)?;
        write!(f, "\n  hint: {}", self.hint())
    }
}

impl OpenError {
    pub(crate) fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(error) => write!(f, "{error}"),
            Self::NoStore { path } => write!(f, "there is no store: `{path}`"),
            Self::NoRootKey { path } => {
                write!(f, "the root key of this data, `{path}`, is not there")
            }
            Self::NoSalt { path } => {
                write!(
                    f,
                    "there is data, and `{path}`, which belongs to its passphrase, is missing or damaged"
                )
            }
            Self::Ring(error) => write!(f, "{error}"),
            Self::Lost { path } => {
                write!(f, "the key ring belongs to a database, and `{path}` is not there")
            }
            Self::WrongKey { path } => {
                write!(f, "`{path}` is encrypted with a key that the key ring does not have")
            }
            Self::NotEncrypted { path } => write!(f, "`{path}` is not encrypted"),
            Self::Damaged { path, why } => write!(f, "`{path}` is damaged: {why}"),
            Self::Newer { found, known } => write!(
                f,
                "the store was written by a later Mantlet: its schema is {found:04}, this one knows {known:04}"
            ),
            Self::Changed { migration } => {
                write!(f, "the migration `{migration}` was another one when the store was made")
            }
            Self::File { path, error } => write!(f, "`{path}`: {error}"),
            Self::Database { path, why } => write!(f, "`{path}`: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<RootError> for OpenError {
    fn from(error: RootError) -> Self {
        Self::Root(error)
    }
}

impl From<RingError> for OpenError {
    fn from(error: RingError) -> Self {
        Self::Ring(error)
    }
}
