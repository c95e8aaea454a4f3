//! What is done to a store that nobody uses. The caller holds the lock of the data folder.

use mantlet_crypto::KeyId;

use crate::error::OpenError;
use crate::files::{self, Files};
use crate::opening::{self, Options, Ready};
use crate::sqlite::Place;
use crate::sqlite::migrations::{self, Migration};

/// Encrypts the store with a new key, and gives its name. The file is written anew beside the old
/// one, read as a whole, and takes its place; whenever that is cut off, the store opens, with the
/// one key or the other. Backups keep the key they were made with.
///
/// # Errors
/// [`OpenError`]; the store has its old key then.
pub async fn rekey(options: &Options) -> Result<KeyId, OpenError> {
    let ready = find_existing(options).await?;
    let (id, key) = ready.keys.next_file_key()?;
    let next = Place {
        path: ready.files.next_database(),
        key,
        max_bytes: options.max_bytes,
        cache_bytes: options.cache_bytes,
    };
    let copied = ready.place.copy_to_other_key(&next).await;
    copied.map_err(OpenError::of_database(&next.path))?;
    opening::see_that_it_is_whole(&next).await?;
    ready.activate_next(id)?;
    Ok(id)
}

/// The migrations that opening the store would apply, in order, after they were tried on a copy.
///
/// # Errors
/// [`OpenError`]: why the store would not open.
pub async fn try_migrations(options: &Options) -> Result<Vec<String>, OpenError> {
    try_these(options, migrations::ALL).await
}

pub(crate) async fn try_these(
    options: &Options,
    migrations: &[Migration],
) -> Result<Vec<String>, OpenError> {
    let ready = find_existing(options).await?;
    let pending = ready.place.pending(migrations).await;
    let pending = pending.map_err(OpenError::of_schema(&ready.place.path))?;
    if pending.is_empty() {
        return Ok(Vec::new());
    }
    let trial = Place { path: ready.files.trial_database(), ..ready.place.clone() };
    let tried = try_on_copy(options, &ready, &trial, migrations).await;
    files::remove_database(&trial.path).map_err(OpenError::of_file(&trial.path))?;
    tried.map(|()| pending.iter().map(ToString::to_string).collect())
}

async fn try_on_copy(
    options: &Options,
    ready: &Ready,
    trial: &Place,
    migrations: &[Migration],
) -> Result<(), OpenError> {
    files::remove_database(&trial.path).map_err(OpenError::of_file(&trial.path))?;
    let copied = ready.place.copy_to(&trial.path).await;
    copied.map_err(OpenError::of_database(&trial.path))?;
    let migrated = trial.migrate(migrations, options.clock.now(), None).await;
    migrated.map_err(OpenError::of_schema(&trial.path))?;
    opening::see_that_it_is_whole(trial).await
}

/// The store of `options`, which must be there: looking for one makes none.
async fn find_existing(options: &Options) -> Result<Ready, OpenError> {
    let files = Files::of(&options.folder);
    if !files.has_data() {
        return Err(OpenError::NoStore { path: files.database().display().to_string() });
    }
    let ready = opening::find(options).await?;
    if !files::exists(&ready.place.path) {
        return Err(OpenError::NoStore { path: ready.place.path.display().to_string() });
    }
    Ok(ready)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mantlet_types::{SystemClock, SystemRng};

    use super::*;
    use crate::{Notice, RootSource, Store};

    /// How many migrations there are.
    const KNOWN: u32 = {
        assert!(migrations::ALL.len() < 1000);
        #[expect(clippy::cast_possible_truncation, reason = "checked in the line before")]
        let known = migrations::ALL.len() as u32;
        known
    };
    const GOOD: Migration = Migration {
        number: KNOWN + 1,
        name: "notes",
        sql: "CREATE TABLE note (text TEXT NOT NULL) STRICT;",
    };
    const BAD: Migration = Migration {
        number: KNOWN + 1,
        name: "bad",
        sql: "CREATE TABLE other (x INTEGER) STRICT; NONSENSE;",
    };

    fn options(folder: &tempfile::TempDir) -> Options {
        let clock = Arc::new(SystemClock::new());
        Options::new(folder.path(), RootSource::Beside, clock, Arc::new(SystemRng))
    }

    async fn made() -> (tempfile::TempDir, Options) {
        let folder = tempfile::tempdir().unwrap();
        let options = options(&folder);
        Store::open(&options).await.unwrap().close().await;
        (folder, options)
    }

    fn and(next: Migration) -> Vec<Migration> {
        [migrations::ALL, &[next]].concat()
    }

    #[tokio::test]
    async fn a_migration_is_tried_without_changing_anything_and_then_applied_after_a_copy() {
        let (folder, options) = made().await;
        let before = std::fs::read(folder.path().join("store.db")).unwrap();
        let list = and(GOOD);
        assert_eq!(try_these(&options, &list).await.unwrap(), [GOOD.to_string()]);
        assert_eq!(std::fs::read(folder.path().join("store.db")).unwrap(), before);
        assert!(!folder.path().join("store.db.trial").exists());
        let store = Store::open_with(&options, &list).await.unwrap();
        let migrated = store.notices().iter().any(|it| matches!(it, Notice::Migrated { .. }));
        assert!(migrated, "{:?}", store.notices());
        store.close().await;
        assert_eq!(try_these(&options, &list).await.unwrap(), Vec::<String>::new());
        // The copy is the store as it was: this Mantlet, which knows one migration less, opens it.
        let newer = Store::open(&options).await.unwrap_err();
        assert!(
            matches!(newer, OpenError::Newer { found, known: KNOWN } if found == KNOWN + 1),
            "{newer}"
        );
        std::fs::rename(
            folder.path().join("store.db.before-migration"),
            folder.path().join("store.db"),
        )
        .unwrap();
        Store::open(&options).await.unwrap();
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_the_store_as_it_was() {
        let (_folder, options) = made().await;
        let list = and(BAD);
        let tried = try_these(&options, &list).await.unwrap_err();
        assert!(matches!(tried, OpenError::Database { .. }), "{tried}");
        Store::open_with(&options, &list).await.unwrap_err();
        let list = and(GOOD);
        Store::open_with(&options, &list).await.unwrap().close().await;
    }

    #[tokio::test]
    async fn a_migration_that_was_changed_is_told() {
        let (_folder, options) = made().await;
        let list = and(GOOD);
        Store::open_with(&options, &list).await.unwrap().close().await;
        let changed = Store::open_with(&options, &and(Migration { name: "notes", ..BAD })).await;
        let changed = changed.unwrap_err();
        assert!(matches!(changed, OpenError::Changed { .. }), "{changed}");
        assert!(changed.to_string().contains(&GOOD.to_string()), "{changed}");
    }
}
