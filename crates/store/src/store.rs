//! The open store.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_crypto::KeyId;
use mantlet_identity::store::Repositories;
use mantlet_types::Clock;
use tokio::sync::RwLock;

use crate::backup::{self, BackupError, Manifest};
use crate::error::OpenError;
use crate::files::Files;
use crate::keys::Keys;
use crate::opening::{self, Notice, Options, Ready};
use crate::rekeying::{RekeyError, Rekeying};
use crate::sqlite::migrations::{self, Migration};
use crate::sqlite::{Database, Place, Pressure};

/// The open store of a data folder. [`Store::close`] ends it; otherwise the last of it and its
/// repositories to be dropped does, and blocks until everything is in the file.
#[derive(Debug)]
pub struct Store {
    database: Arc<Database>,
    ready: Ready,
    /// The file and its key now.
    current: Mutex<(Place, KeyId)>,
    /// Held by backups, and alone by a change of the key.
    turn: RwLock<()>,
    wait: Duration,
    clock: Arc<dyn Clock>,
}

impl Store {
    /// Whether there is a store in a data folder.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        Files::of(folder).has_data()
    }

    /// Opens the store of a data folder, whose lock the caller holds; makes an empty one where there
    /// is no data yet.
    ///
    /// # Errors
    /// [`OpenError`]: nothing was changed then, except that what a crash had left half done may be
    /// complete.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        Self::open_with(options, migrations::ALL).await
    }

    pub(crate) async fn open_with(
        options: &Options,
        migrations: &[Migration],
    ) -> Result<Self, OpenError> {
        let ready = opening::make_ready(options, migrations).await?;
        let database = Arc::new(opening::open(&ready, options).await?);
        let current = Mutex::new((ready.place.clone(), ready.key));
        let (turn, wait) = (RwLock::new(()), options.wait);
        Ok(Self { database, ready, current, turn, wait, clock: options.clock.clone() })
    }

    /// The repositories. They answer `Unavailable` once the store is closed.
    #[must_use]
    pub fn repositories(&self) -> Repositories {
        self.database.repositories()
    }

    /// The keys of the data folder.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.ready.keys
    }

    /// The key that the file is encrypted with.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.current().1
    }

    /// The number of the last migration, which every open store has.
    #[must_use]
    pub fn schema() -> u32 {
        migrations::ALL.last().map_or(0, |last| last.number)
    }

    /// What happened while it was opened.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.ready.notices
    }

    /// Makes a backup in the folder `to`, which must not exist, as everything is at this moment.
    /// Reading and writing go on meanwhile.
    ///
    /// # Errors
    /// [`BackupError`]; there is no folder `to` then.
    pub async fn backup(&self, to: &Path) -> Result<Manifest, BackupError> {
        let _turn = self.turn.try_read().map_err(|_| BackupError::Occupied)?;
        let (place, key) = self.current().clone();
        let Ready { files, keys, .. } = &self.ready;
        backup::make(files, (keys, key), &place, to, self.clock.now()).await
    }

    /// Encrypts the store with a new key, and gives its name. The file is written anew beside the
    /// old one, read as a whole, and takes its place; whenever that is cut off, the store opens, with
    /// the one key or the other. Reading and writing go on while it is copied, except that writers
    /// are held up, for half of their time at most, where they wrote meanwhile; and all wait for the
    /// moment when one file takes the place of the other.
    ///
    /// # Errors
    /// [`RekeyError`]; the store has its old key then.
    pub async fn rekey(&self) -> Result<KeyId, RekeyError> {
        let _turn = self.turn.try_write().map_err(|_| RekeyError::Occupied)?;
        let (database, ready, clock) = (&*self.database, &self.ready, &*self.clock);
        let (place, pause) = (self.current().0.clone(), self.wait / 2);
        let (key, place) = Rekeying { database, ready, place, pause, clock }.run().await?;
        *self.current() = (place, key);
        Ok(key)
    }

    fn current(&self) -> MutexGuard<'_, (Place, KeyId)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often acts had to wait for a full queue, and how often a caller's time ran out, since the
    /// store was opened: metrics.
    #[must_use]
    pub fn pressure(&self) -> Pressure {
        self.database.pressure()
    }

    /// Ends what runs, and the connections. Everything is in the one file then.
    pub async fn close(&self) {
        self.database.close().await;
    }
}
