//! Opening a store: finding its key, making it where there is none, bringing its schema up to date.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mantlet_crypto::{KeyId, KeyState};
use mantlet_types::{Clock, Rng};

use crate::error::OpenError;
use crate::files::{self, Files};
use crate::keys::{Keys, RootSource};
use crate::sqlite::migrations::Migration;
use crate::sqlite::{Database, Place};

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
    /// The most bytes that each connection keeps in memory, decrypted.
    pub cache_bytes: u64,
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
            cache_bytes: 8 << 20,
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
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) files: Files,
    pub(crate) keys: Keys,
    pub(crate) place: Place,
    /// The key of the file.
    pub(crate) key: KeyId,
    pub(crate) notices: Vec<Notice>,
}

impl Ready {
    /// Gives the database that is complete under its other name its key, and then its own name.
    /// From the first of the two steps on, a process that is cut off leaves the rest to the next.
    pub(crate) fn activate_next(&self, key: KeyId) -> Result<(), OpenError> {
        self.keys.activate(key)?;
        put_next_in_place(&self.files)
    }
}

/// Gives the next database its name. What SQLite kept beside the one before must not be taken for
/// its own.
pub(crate) fn put_next_in_place(files: &Files) -> Result<(), OpenError> {
    let path = files.database();
    let put = || {
        files::remove_logs(&path)?;
        files::put_in_place(&files.next_database(), &path)
    };
    put().map_err(OpenError::of_file(&path))
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
        let (key, _, file_key) = keys.key_of_file(&path)?;
        files::close_to_others(&path).map_err(OpenError::of_file(&path))?;
        (key, file_key)
    } else if keys.file_keys().iter().all(|(_, state)| *state == KeyState::Pending) {
        keys.next_file_key()?
    } else {
        return Err(OpenError::Lost { path: path.display().to_string() });
    };
    let place = Place {
        path,
        key: file_key,
        max_bytes: options.max_bytes,
        cache_bytes: options.cache_bytes,
    };
    Ok(Ready { files, keys, place, key, notices })
}

/// Completes or removes the database that was being made when a process ended. Its key is activated
/// once it is complete, and not before.
fn complete(files: &Files, keys: &Keys) -> Result<Option<Notice>, OpenError> {
    let next = files.next_database();
    if !files::exists(&next) {
        return Ok(None);
    }
    match keys.key_of_file(&next) {
        Ok((key, KeyState::Active, _)) => {
            put_next_in_place(files)?;
            Ok(Some(Notice::Completed { key }))
        }
        Err(error @ OpenError::File { .. }) => Err(error),
        _ => files::remove_database(&next).map_err(OpenError::of_file(&next)).map(|()| None),
    }
}

/// Makes an empty database: complete under another name, then its key, then its own name.
async fn create(
    ready: &Ready,
    options: &Options,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    let place = Place { path: ready.files.next_database(), ..ready.place.clone() };
    let created = place.create(migrations, options.clock.now()).await;
    created.map_err(OpenError::of_database(&place.path))?;
    ready.activate_next(ready.key)
}

/// Brings the schema of an existing database up to date.
async fn migrate(
    ready: &Ready,
    options: &Options,
    migrations: &[Migration],
) -> Result<Option<Notice>, OpenError> {
    let place = &ready.place;
    let size = std::fs::metadata(&place.path).map_err(OpenError::of_file(&place.path))?.len();
    if size <= READ_AT_START {
        see_that_it_is_whole(place).await?;
    }
    let snapshot = ready.files.snapshot();
    let applied = place.migrate(migrations, options.clock.now(), Some(&snapshot)).await;
    let applied = applied.map_err(OpenError::of_schema(&place.path))?;
    Ok((!applied.is_empty()).then(|| Notice::Migrated {
        migrations: applied.iter().map(ToString::to_string).collect(),
        snapshot: snapshot.display().to_string(),
    }))
}

/// Reads the whole file of `place`.
pub(crate) async fn see_that_it_is_whole(place: &Place) -> Result<(), OpenError> {
    match place.check().await.map_err(OpenError::of_database(&place.path))? {
        Some(why) => Err(OpenError::Damaged { path: place.path.display().to_string(), why }),
        None => Ok(()),
    }
}

/// Opens the database that is ready.
pub(crate) async fn open(ready: &Ready, options: &Options) -> Result<Database, OpenError> {
    let opened =
        Database::open(&ready.place, options.readers, options.wait, options.clock.clone()).await;
    opened.map_err(OpenError::of_database(&ready.place.path))
}
