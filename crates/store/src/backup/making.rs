//! Making a backup.

use std::fs;
use std::path::Path;

use mantlet_crypto::KeyId;
use mantlet_types::Timestamp;

use super::manifest::{Manifest, write_synced};
use super::{BackupError, DATABASE, RING, ROOT_SALT};
use crate::OpenError;
use crate::files::{self, Files};
use crate::keys::Keys;
use crate::sqlite::{Place, migrations};

/// Makes a backup of the database at `place`, which may be in use, in the folder `to`, which must
/// not exist. The folder appears when the backup is complete and on disk.
pub(crate) async fn make(
    files: &Files,
    (keys, key): (&Keys, KeyId),
    place: &Place,
    to: &Path,
    now: Timestamp,
) -> Result<Manifest, BackupError> {
    if files::exists(to) {
        return Err(BackupError::Exists { path: to.display().to_string() });
    }
    let partial = files::beside(to, ".partial");
    let failed = BackupError::of_file(&partial);
    remove_folder(&partial)?;
    files::make_folder(&partial).map_err(&failed)?;
    let database = partial.join(DATABASE);
    let copied = place.copy_to(&database).await;
    copied.map_err(OpenError::of_database(&database))?;
    // After the database: whatever key that has is in the ring by now, and never leaves it.
    copy(&files.ring(), &partial.join(RING))?;
    if files::exists(&files.root_salt()) {
        copy(&files.root_salt(), &partial.join(ROOT_SALT))?;
    }
    let schema = migrations::ALL.last().map_or(0, |last| last.number);
    let manifest = Manifest::of(&partial, now, schema, key, keys.root_fingerprint())?;
    manifest.write(&partial, &keys.backup_key())?;
    fs::rename(&partial, to).map_err(failed)?;
    files::sync_folder_of(to).map_err(BackupError::of_file(to))?;
    Ok(manifest)
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let bytes = fs::read(from).map_err(BackupError::of_file(from))?;
    write_synced(to, &bytes).map_err(BackupError::of_file(to))
}

/// Removes what an earlier attempt left behind.
fn remove_folder(path: &Path) -> Result<(), BackupError> {
    if !files::exists(path) {
        return Ok(());
    }
    fs::remove_dir_all(path).map_err(BackupError::of_file(path))
}
