//! The open store.

use std::path::Path;
use std::sync::Arc;

use mantlet_crypto::KeyId;
use mantlet_identity::store::Repositories;
use mantlet_types::Clock;

use crate::backup::{self, BackupError, Manifest};
use crate::error::OpenError;
use crate::files::Files;
use crate::keys::Keys;
use crate::opening::{self, Notice, Options, Ready};
use crate::sqlite::migrations::{self, Migration};
use crate::sqlite::{Database, Pressure};

/// The open store of a data folder. [`Store::close`] ends it; otherwise the last of it and its
/// repositories to be dropped does, and blocks until everything is in the file.
#[derive(Debug)]
pub struct Store {
    database: Arc<Database>,
    ready: Ready,
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
        Ok(Self { database, ready, clock: options.clock.clone() })
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
    pub const fn key(&self) -> KeyId {
        self.ready.key
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
        let Ready { files, keys, place, key, .. } = &self.ready;
        backup::make(files, (keys, *key), place, to, self.clock.now()).await
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
