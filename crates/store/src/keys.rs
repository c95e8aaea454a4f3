//! The root key and the key ring of a data folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use mantlet_crypto::{Key, KeyId, KeyRing, KeyState, RingError, RingFile, RootKey};
use mantlet_types::{Clock, Rng, Secret};

use crate::error::OpenError;
use crate::files::{self, Files};
use crate::sqlite::{FileKey, salt_of};

/// The purpose of the keys that databases are encrypted with.
const PURPOSE: &str = "store";

/// What a plain SQLite file begins with.
const PLAIN: &[u8; 16] = b"SQLite format 3\0";

/// Where the root key comes from. It is never invented for data that exists.
#[derive(Debug, Clone)]
pub enum RootSource {
    /// `keys/root.key` in the data folder; made there when the folder holds no data yet. Whoever
    /// copies the whole folder has the key with it.
    Beside,
    /// A file that its owner alone may read.
    File(PathBuf),
    /// The key itself, as [`RootKey::parse`] takes it.
    Key(Secret<String>),
    /// A passphrase, stretched with a salt that is kept in the data folder.
    Passphrase(Secret<String>),
}

/// The keys of a data folder: a ring that the root key seals. Whoever changes it holds the lock of
/// the data folder.
#[derive(Debug)]
pub struct Keys {
    root: RootKey,
    file: RingFile,
    ring: Mutex<KeyRing>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Keys {
    pub(crate) fn open(
        files: &Files,
        source: &RootSource,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Result<Self, OpenError> {
        files::make_folder(&files.keys()).map_err(OpenError::of_file(&files.keys()))?;
        let root = root(files, source, &*rng)?;
        let file = RingFile::new(files.ring());
        let ring = file.load(&root, files::exists(&files.database()))?;
        Ok(Self { root, file, ring: Mutex::new(ring), clock, rng })
    }

    /// A copy of the ring as it is now.
    #[must_use]
    pub fn ring(&self) -> KeyRing {
        self.lock().clone()
    }

    /// The ring, with an active key for each of `purposes`: those that had none get one. It is on
    /// disk when this returns.
    ///
    /// # Errors
    /// [`RingError`]; the ring is as before then.
    pub fn ensure(&self, purposes: &[&str]) -> Result<KeyRing, RingError> {
        self.change(|ring, now, rng| {
            for purpose in purposes {
                if ring.active(purpose).is_none() {
                    ring.rotate(purpose, now, rng)?;
                }
            }
            Ok(())
        })?;
        Ok(self.ring())
    }

    /// Changes the ring on disk, and then in memory.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut KeyRing, SystemTime, &dyn Rng) -> Result<T, RingError>,
    ) -> Result<T, RingError> {
        let mut ring = self.lock();
        let mut changed = ring.clone();
        let outcome = change(&mut changed, self.clock.now().into(), &*self.rng)?;
        if !changed.keys().eq(ring.keys()) {
            self.file.save(&changed, &self.root, &*self.rng)?;
            *ring = changed;
        }
        Ok(outcome)
    }

    /// A new key for databases. It is pending until its first database is complete; one that was
    /// left pending by a crash is taken up again.
    pub(crate) fn next_file_key(&self) -> Result<(KeyId, FileKey), RingError> {
        let left = self.file_keys().into_iter().rev().find(|key| key.1 == KeyState::Pending);
        let id = match left {
            Some((id, _)) => id,
            None => self.change(|ring, now, rng| ring.add(PURPOSE, now, rng))?,
        };
        let key = self.file_key(id).ok_or(RingError::Unknown { id })?;
        Ok((id, key))
    }

    /// Makes `id` the key of the database; the one before still opens what it encrypted.
    pub(crate) fn activate(&self, id: KeyId) -> Result<(), RingError> {
        self.change(|ring, _, _| ring.activate(id))
    }

    /// The key for databases of this name; `None` when there is none or it was revoked.
    pub(crate) fn file_key(&self, id: KeyId) -> Option<FileKey> {
        self.lock().find(PURPOSE, id).map(FileKey::of)
    }

    /// The key of the database at `path`, which is encrypted with one of this ring.
    pub(crate) fn key_of_file(&self, path: &Path) -> Result<(KeyId, KeyState, FileKey), OpenError> {
        key_of_file(&self.lock(), path)
    }

    /// Every key for databases that was not revoked, oldest first.
    pub(crate) fn file_keys(&self) -> Vec<(KeyId, KeyState)> {
        file_keys(&self.lock()).collect()
    }

    /// The fingerprint of the root key.
    pub(crate) fn root_fingerprint(&self) -> String {
        self.root.fingerprint()
    }

    /// What manifests of backups are signed with.
    pub(crate) fn backup_key(&self) -> Key {
        backup_key(&self.root)
    }

    fn lock(&self) -> MutexGuard<'_, KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What manifests of backups are signed with.
pub(crate) fn backup_key(root: &RootKey) -> Key {
    root.derive("backup-manifest")
}

fn file_keys(ring: &KeyRing) -> impl Iterator<Item = (KeyId, KeyState)> {
    let keys = ring.keys().filter(|key| key.purpose == PURPOSE);
    keys.filter(|key| key.state != KeyState::Revoked).map(|key| (key.id, key.state))
}

/// The key of the database at `path`, which its first bytes name.
pub(crate) fn key_of_file(
    ring: &KeyRing,
    path: &Path,
) -> Result<(KeyId, KeyState, FileKey), OpenError> {
    let shown = || path.display().to_string();
    let salt = salt_of(path).map_err(OpenError::of_file(path))?;
    let cut_off = || OpenError::Damaged { path: shown(), why: "it is cut off".to_owned() };
    let salt = salt.ok_or_else(cut_off)?;
    if salt == *PLAIN {
        return Err(OpenError::NotEncrypted { path: shown() });
    }
    let keys = file_keys(ring);
    let mut keys =
        keys.filter_map(|(id, state)| Some((id, state, FileKey::of(ring.find(PURPOSE, id)?))));
    let key = keys.find(|(_, _, key)| *key.salt() == salt);
    key.ok_or_else(|| OpenError::WrongKey { path: shown() })
}

fn root(files: &Files, source: &RootSource, rng: &dyn Rng) -> Result<RootKey, OpenError> {
    let (path, salt) = (files.root_key(), files.root_salt());
    match source {
        RootSource::Beside if !files::exists(&path) && !files.has_data() => {
            let key = RootKey::create(&path, rng)?;
            files::sync_folder_of(&path).map_err(OpenError::of_file(&path))?;
            Ok(key)
        }
        RootSource::Passphrase(_) if !files::exists(&salt) && !files.has_data() => {
            make_salt(&salt, rng).map_err(OpenError::of_file(&salt))?;
            existing_root(files, source)
        }
        _ => existing_root(files, source),
    }
}

/// The root key, which is there already.
pub(crate) fn existing_root(files: &Files, source: &RootSource) -> Result<RootKey, OpenError> {
    match source {
        RootSource::File(path) => Ok(RootKey::read(path)?),
        RootSource::Key(text) => Ok(RootKey::parse(text)?),
        RootSource::Passphrase(text) => stretched(text, &files.root_salt()),
        RootSource::Beside => {
            let path = files.root_key();
            if !files::exists(&path) {
                return Err(OpenError::NoRootKey { path: path.display().to_string() });
            }
            Ok(RootKey::read(&path)?)
        }
    }
}

/// The root key that a passphrase stands for, with the salt in the file `salt`.
pub(crate) fn stretched(text: &Secret<String>, salt: &Path) -> Result<RootKey, OpenError> {
    let missing = || OpenError::NoSalt { path: salt.display().to_string() };
    if !files::exists(salt) {
        return Err(missing());
    }
    let bytes = fs::read(salt).map_err(OpenError::of_file(salt))?;
    let salt = bytes.try_into().map_err(|_| missing())?;
    Ok(RootKey::from_passphrase(text, &salt)?)
}

fn make_salt(path: &Path, rng: &dyn Rng) -> io::Result<()> {
    let mut salt = [0; 16];
    rng.fill(&mut salt);
    let new = files::beside(path, ".new");
    files::remove(&new)?;
    files::make_empty(&new)?;
    fs::write(&new, salt)?;
    files::put_in_place(&new, path)
}
