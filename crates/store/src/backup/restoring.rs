//! Verifying a backup, and putting it in place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mantlet_crypto::{KeyRing, RingFile, RootKey};

use super::manifest::{Manifest, write_synced};
use super::{BackupError, DATABASE, RING, ROOT_SALT};
use crate::OpenError;
use crate::files::{self, Files};
use crate::keys::{self, RootSource};
use crate::opening::{self, Options};
use crate::sqlite::{Place, migrations};

/// Whether a store that is there may be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacing {
    /// It is an error that there is one.
    Nothing,
    /// What is there is copied aside, and then replaced.
    WhatIsThere,
}

/// Verifies the backup in the folder `from` as a whole: the signature of its manifest, the hash of
/// each file, that its key ring opens with the root key of `options`, and every page, row and
/// reference of its database. Nothing is changed, so a server may run; the data folder needs room for
/// a copy.
///
/// # Errors
/// [`BackupError`]: do not count on this backup. [`BackupError::Verifying`] says nothing of it.
pub async fn verify(options: &Options, from: &Path) -> Result<Manifest, BackupError> {
    let files = Files::of(&options.folder);
    files::make_folder(&options.folder).map_err(BackupError::of_file(&options.folder))?;
    let lock = files.verifying();
    let _turn = take_turn(&lock)
        .map_err(BackupError::of_file(&lock))?
        .ok_or_else(|| BackupError::Verifying { path: options.folder.display().to_string() })?;
    let taken = take(options, from, files.verified_database()).await?;
    taken.discard()?;
    Ok(taken.manifest)
}

/// Puts the backup in the folder `from` in place, after it was verified. The caller holds the lock
/// of the data folder. The answer is the manifest, and where the store is that was there before.
///
/// # Errors
/// [`BackupError`]; the store that was there is as it was.
pub async fn restore(
    options: &Options,
    from: &Path,
    replacing: Replacing,
) -> Result<(Manifest, Option<PathBuf>), BackupError> {
    let files = Files::of(&options.folder);
    if replacing == Replacing::Nothing && files.has_data() {
        return Err(BackupError::StoreExists { path: files.database().display().to_string() });
    }
    let taken = take(options, from, files.restored_database()).await?;
    let aside = if files.has_data() { Some(set_aside(&files, options)?) } else { None };
    taken.put_in_place()?;
    Ok((taken.manifest, aside))
}

/// A database that was taken out of a backup and verified, under a name of its own.
struct Taken {
    manifest: Manifest,
    files: Files,
    path: PathBuf,
    ring: Vec<u8>,
    /// `None` where the root key is not a passphrase.
    salt: Option<Vec<u8>>,
}

/// A lock that ends with its process; `None` where another one has it.
fn take_turn(lock: &Path) -> io::Result<Option<fs::File>> {
    let file = fs::File::options().create(true).truncate(false).write(true).open(lock)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

/// Takes the database out of the backup in `from` to `path`.
async fn take(options: &Options, from: &Path, path: PathBuf) -> Result<Taken, BackupError> {
    let files = Files::of(&options.folder);
    files::make_folder(&options.folder).map_err(BackupError::of_file(&options.folder))?;
    let root = root(&files, &options.root, from)?;
    let manifest = Manifest::read(from, &keys::backup_key(&root))?;
    let ring = RingFile::new(from.join(RING)).load(&root, true).map_err(OpenError::from)?;
    let missing = || BackupError::NotABackup {
        path: from.display().to_string(),
        why: format!("it has no `{RING}`"),
    };
    let ring_bytes = manifest.read_part(from, RING)?.ok_or_else(missing)?;
    let salt = manifest.read_part(from, ROOT_SALT)?;
    let taken = Taken { manifest, path, files, ring: ring_bytes, salt };
    let verified = taken.verify(options, from, &ring).await;
    if verified.is_err() {
        taken.discard()?;
    }
    verified.map(|()| taken)
}

/// The root key, which must be there already: a backup holds none.
fn root(files: &Files, source: &RootSource, from: &Path) -> Result<RootKey, OpenError> {
    match source {
        RootSource::Beside if !files::exists(&files.root_key()) => {
            Err(OpenError::NoRootKey { path: files.root_key().display().to_string() })
        }
        RootSource::Passphrase(text) => keys::stretched(text, &from.join(ROOT_SALT)),
        _ => keys::existing_root(files, source),
    }
}

impl Taken {
    async fn verify(
        &self,
        options: &Options,
        from: &Path,
        ring: &KeyRing,
    ) -> Result<(), BackupError> {
        self.manifest.take(from, DATABASE, &self.path)?;
        let (_, _, key) = keys::key_of_file(ring, &self.path)?;
        let place = Place {
            path: self.path.clone(),
            key,
            max_bytes: options.max_bytes,
            cache_bytes: options.cache_bytes,
        };
        let pending = place.pending(migrations::ALL).await;
        pending.map_err(OpenError::of_schema(&self.path))?;
        opening::see_that_it_is_whole(&place).await?;
        Ok(())
    }

    fn discard(&self) -> Result<(), BackupError> {
        files::remove_database(&self.path).map_err(BackupError::of_file(&self.path))
    }

    /// Complete database first, then the ring, then the name: cut off before the ring, the store is
    /// the one before or this one; cut off after it, the next start completes it.
    fn put_in_place(&self) -> Result<(), BackupError> {
        let files = &self.files;
        let next = files.next_database();
        let put = || {
            files::remove_logs(&self.path)?;
            files::remove_logs(&next)?;
            files::put_in_place(&self.path, &next)?;
            files::make_folder(&files.keys())?;
            if let Some(salt) = &self.salt {
                write_over(&files.root_salt(), salt)?;
            }
            write_over(&files.ring(), &self.ring)
        };
        put().map_err(BackupError::of_file(&next))?;
        Ok(opening::put_next_in_place(files)?)
    }
}

fn write_over(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = files::beside(path, ".restored");
    files::remove(&new)?;
    write_synced(&new, bytes)?;
    files::put_in_place(&new, path)
}

/// Copies what is there to a folder of its own: database and log, key ring and salt.
fn set_aside(files: &Files, options: &Options) -> Result<PathBuf, BackupError> {
    let aside = files.replaced(options.clock.now());
    files::make_folder(&aside).map_err(BackupError::of_file(&aside))?;
    let log = files::beside(&files.database(), "-wal");
    for path in [files.database(), log, files.ring(), files.root_salt()] {
        let Some(name) = path.file_name().filter(|_| files::exists(&path)) else { continue };
        let copied = fs::copy(&path, aside.join(name))
            .and_then(|_| fs::File::open(aside.join(name))?.sync_all());
        copied.map_err(BackupError::of_file(&path))?;
    }
    files::sync_folder_of(&aside).map_err(BackupError::of_file(&aside))?;
    Ok(aside)
}
