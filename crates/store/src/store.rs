//! The open store.

use std::sync::Arc;

use mantlet_crypto::KeyId;
use mantlet_identity::store::Repositories;

use crate::error::OpenError;
use crate::keys::Keys;
use crate::opening::{self, Notice, Options};
use crate::sqlite::migrations::{self, Migration};
use crate::sqlite::{Database, Pressure};

/// The open store of a data folder. Dropping it ends its connections; [`Store::close`] waits for
/// that.
#[derive(Debug)]
pub struct Store {
    database: Arc<Database>,
    keys: Keys,
    key: KeyId,
    notices: Vec<Notice>,
}

impl Store {
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
        Ok(Self { database, keys: ready.keys, key: ready.key, notices: ready.notices })
    }

    /// The repositories. They answer `Unavailable` once the store is closed.
    #[must_use]
    pub fn repositories(&self) -> Repositories {
        self.database.repositories()
    }

    /// The keys of the data folder.
    #[must_use]
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The key that the file is encrypted with.
    #[must_use]
    pub const fn key(&self) -> KeyId {
        self.key
    }

    /// What happened while it was opened.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
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
