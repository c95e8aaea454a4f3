//! Opening a store: finding its key, making it where there is none, bringing its schema up to date.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mantlet_crypto::{KeyId, KeyState};
use mantlet_types::{Clock, Rng};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::error::OpenError;
use crate::files::{self, Files};
use crate::keys::{Keys, RootSource};
use crate::sqlite::migrations::{self, Migration};
use crate::sqlite::{Database, FileKey, Place, check, copy_into, salt_of};

/// What a plain SQLite file begins with.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// Up to this size, in bytes, a file is read as a whole when it is opened, so that damage is told
/// then and not by the first request that meets it. That takes a second at most.
const READ_AT_START: u64 = 64 << 20;

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The data folder, locked by this process.
    pub folder: PathBuf,
    /// Where the root key comes from.
    pub root: RootSource,
    /// How many connections read.
    pub readers: usize,
    /// How long an act may wait for its turn and take.
    pub wait: Duration,
    /// The most bytes that the file may grow to.
    pub max_bytes: u64,
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// What keys are made of.
    pub rng: Arc<dyn Rng>,
}

impl Options {
    /// The store in `folder`: four connections that read, five seconds for every act, 16 GiB.
    #[must_use]
    pub fn new(folder: &Path, root: RootSource, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self {
            folder: folder.to_owned(),
            root,
            readers: 4,
            wait: Duration::from_secs(5),
            max_bytes: 16 << 30,
            clock,
            rng,
        }
    }
}

/// What happened while a store was opened that its operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// There was no store; now there is an empty one.
    Created {
        /// Its file.
        path: String,
    },
    /// The root key lies in the data folder: whoever copies the folder can read it.
    KeyBeside {
        /// The file of the key.
        path: String,
    },
    /// The schema was brought up to date.
    Migrated {
        /// The migrations, in order.
        migrations: Vec<String>,
        /// The copy that was made before.
        snapshot: String,
    },
    /// A change of the file's key, or its making, had been cut off; now it is complete.
    Completed {
        /// The key.
        key: KeyId,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { path } => write!(f, "made an empty store: `{path}`"),
            Self::KeyBeside { path } => write!(
                f,
                "the root key lies beside the data it protects, in `{path}`: whoever copies the folder can read it; keep the key elsewhere and name it with `[store] root_key`"
            ),
            Self::Migrated { migrations, snapshot } => write!(
                f,
                "brought the store up to date: {}; as it was before: `{snapshot}`",
                migrations.join(", ")
            ),
            Self::Completed { key } => {
                write!(f, "completed what had been cut off: the store is encrypted with key {key}")
            }
        }
    }
}

/// A store whose file is ready to be used.
pub(crate) struct Ready {
    pub(crate) files: Files,
    pub(crate) keys: Keys,
    pub(crate) place: Place,
    /// The key of the file.
    pub(crate) key: KeyId,
    pub(crate) notices: Vec<Notice>,
}

/// Makes the store of `options` ready: `migrations` are all that there are.
pub(crate) async fn make_ready(
    options: &Options,
    migrations: &[Migration],
) -> Result<Ready, OpenError> {
    let mut ready = find(options).await?;
    let path = ready.place.path.clone();
    if files::exists(&path) {
        ready.notices.extend(migrate(&ready, options, migrations).await?);
    } else {
        create(&ready, options, migrations).await?;
        ready.notices.push(Notice::Created { path: path.display().to_string() });
    }
    Ok(ready)
}

/// Finds the store of `options` and its key; where there is none yet, the key it will have.
pub(crate) async fn find(options: &Options) -> Result<Ready, OpenError> {
    let files = Files::of(&options.folder);
    files::make_folder(&options.folder).map_err(OpenError::of_file(&options.folder))?;
    let keys = Keys::open(&files, &options.root, options.clock.clone(), options.rng.clone())?;
    let mut notices: Vec<Notice> = complete(&files, &keys)?.into_iter().collect();
    if matches!(options.root, RootSource::Beside) {
        notices.push(Notice::KeyBeside { path: files.root_key().display().to_string() });
    }
    let path = files.database();
    let (key, file_key) = if files::exists(&path) {
        key_of(&path, &keys)?
    } else if keys.file_keys().iter().all(|(_, state)| *state == KeyState::Pending) {
        keys.next_file_key()?
    } else {
        return Err(OpenError::Lost { path: path.display().to_string() });
    };
    let place = Place { path, key: file_key, max_bytes: options.max_bytes };
    Ok(Ready { files, keys, place, key, notices })
}

/// Completes or removes the database that was being made when a process ended. Its key is activated
/// once it is complete, and not before.
fn complete(files: &Files, keys: &Keys) -> Result<Option<Notice>, OpenError> {
    let (next, path) = (files.next_database(), files.database());
    if !files::exists(&next) {
        return Ok(None);
    }
    let failed = OpenError::of_file(&next);
    let salt = salt_of(&next).map_err(&failed)?;
    match salt.and_then(|salt| keys.file_key_of(&salt)) {
        Some((key, KeyState::Active, _)) => {
            files::put_in_place(&next, &path).map_err(failed)?;
            Ok(Some(Notice::Completed { key }))
        }
        _ => files::remove_database(&next).map_err(failed).map(|()| None),
    }
}

/// The key of the database at `path`.
fn key_of(path: &Path, keys: &Keys) -> Result<(KeyId, FileKey), OpenError> {
    let failed = OpenError::of_file(path);
    let shown = || path.display().to_string();
    let salt = salt_of(path).map_err(&failed)?;
    let salt =
        salt.ok_or_else(|| OpenError::Damaged { path: shown(), why: "it is cut off".to_owned() })?;
    if salt == *PLAIN {
        return Err(OpenError::NotEncrypted { path: shown() });
    }
    let (id, _, key) =
        keys.file_key_of(&salt).ok_or_else(|| OpenError::WrongKey { path: shown() })?;
    files::close_to_others(path).map_err(failed)?;
    Ok((id, key))
}

/// Makes an empty database: complete under another name, then its key, then its own name.
async fn create(
    ready: &Ready,
    options: &Options,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let next = ready.files.next_database();
    let failed = OpenError::of_file(&next);
    files::remove_database(&next).map_err(&failed)?;
    files::make_empty(&next).map_err(&failed)?;
    let place = Place { path: next.clone(), ..ready.place.clone() };
    let failed_sql = OpenError::of_sqlite(&next);
    let mut connection = place.connect_to_write().await.map_err(&failed_sql)?;
    let applied = migrations::apply(&mut connection, migrations, options.clock.now()).await;
    connection.close().await.map_err(&failed_sql)?;
    applied.map_err(|error| OpenError::of_schema(&next)(error.into()))?;
    ready.keys.activate(ready.key)?;
    files::put_in_place(&next, &ready.place.path).map_err(failed)
}

/// Brings the schema of an existing database up to date, after a copy of it was made.
async fn migrate(
    ready: &Ready,
    options: &Options,
    migrations: &[Migration],
) -> Result<Option<Notice>, OpenError> {
    let failed = OpenError::of_sqlite(&ready.place.path);
    let mut connection = ready.place.connect_to_write().await.map_err(&failed)?;
    let migrated = match see_that_it_is_whole(&mut connection, &ready.place.path).await {
        Ok(()) => migrate_on(&mut connection, ready, options, migrations).await,
        Err(error) => Err(error),
    };
    let closed = connection.close().await.map_err(failed);
    let notice = migrated?;
    closed.map(|()| notice)
}

async fn see_that_it_is_whole(
    connection: &mut SqliteConnection,
    path: &Path,
) -> Result<(), OpenError> {
    let size = std::fs::metadata(path).map_err(OpenError::of_file(path))?.len();
    if size > READ_AT_START {
        return Ok(());
    }
    match check(connection).await.map_err(OpenError::of_sqlite(path))? {
        Some(why) => Err(OpenError::Damaged { path: path.display().to_string(), why }),
        None => Ok(()),
    }
}

async fn migrate_on(
    connection: &mut SqliteConnection,
    ready: &Ready,
    options: &Options,
    migrations: &[Migration],
) -> Result<Option<Notice>, OpenError> {
    let failed = OpenError::of_schema(&ready.place.path);
    let pending = migrations::pending(connection, migrations).await.map_err(&failed)?;
    let Some(first) = pending.first() else { return Ok(None) };
    let snapshot = ready.files.snapshot(first.number);
    files::remove_database(&snapshot).map_err(OpenError::of_file(&snapshot))?;
    copy_into(connection, &snapshot).await.map_err(OpenError::of_sqlite(&snapshot))?;
    let applied = migrations::apply(connection, pending, options.clock.now()).await;
    applied.map_err(|error| failed(error.into()))?;
    Ok(Some(Notice::Migrated {
        migrations: pending.iter().map(ToString::to_string).collect(),
        snapshot: snapshot.display().to_string(),
    }))
}

/// Opens the database that is ready.
pub(crate) async fn open(ready: &Ready, options: &Options) -> Result<Database, OpenError> {
    let opened =
        Database::open(&ready.place, options.readers, options.wait, options.clock.clone()).await;
    opened.map_err(|error| OpenError::of_schema(&ready.place.path)(error.into()))
}
