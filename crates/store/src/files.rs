//! What lies where in the data folder.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use mantlet_types::Timestamp;

/// The files of the store in a data folder.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    pub(crate) fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("store.db")
    }

    /// A database that is being made and takes the place of the other once it is complete.
    pub(crate) fn next_database(&self) -> PathBuf {
        self.folder.join("store.db.new")
    }

    /// The database as it was before its schema was last changed.
    pub(crate) fn snapshot(&self) -> PathBuf {
        self.folder.join("store.db.before-migration")
    }

    /// A database that is being taken out of a backup.
    pub(crate) fn restored_database(&self) -> PathBuf {
        self.folder.join("store.db.restored")
    }

    /// A database that is taken out of a backup to be verified, beside a server that may run.
    pub(crate) fn verified_database(&self) -> PathBuf {
        self.folder.join("store.db.verified")
    }

    /// Who may do that at the moment has the lock of this file.
    pub(crate) fn verifying(&self) -> PathBuf {
        self.folder.join("verify.lock")
    }

    /// A copy on which migrations are tried.
    pub(crate) fn trial_database(&self) -> PathBuf {
        self.folder.join("store.db.trial")
    }

    /// The folder of what was replaced at `now`.
    pub(crate) fn replaced(&self, now: Timestamp) -> PathBuf {
        self.folder.join(format!("replaced-{}", now.strftime("%Y%m%dT%H%M%S%.3f")))
    }

    /// The folder of the keys.
    pub(crate) fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// The key ring, sealed under the root key.
    pub(crate) fn ring(&self) -> PathBuf {
        self.keys().join("ring.json")
    }

    /// The root key, where it was made for want of another.
    pub(crate) fn root_key(&self) -> PathBuf {
        self.keys().join("root.key")
    }

    /// What a passphrase is stretched with.
    pub(crate) fn root_salt(&self) -> PathBuf {
        self.keys().join("root.salt")
    }

    /// Whether the folder holds anything that a key opens.
    pub(crate) fn has_data(&self) -> bool {
        [self.database(), self.ring()].iter().any(|path| exists(path))
    }
}

/// Whether something is there, or may be: what cannot be looked at is not overwritten.
pub(crate) fn exists(path: &Path) -> bool {
    !matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

/// Makes a folder that is ours alone, where it is missing.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes an empty file that is ours alone: SQLite would make one that others can read, and gives
/// its log the mode of the file.
pub(crate) fn make_empty(path: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

/// Closes a file to others, where it is open to them.
pub(crate) fn close_to_others(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.mode() & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// Removes a database and what SQLite keeps beside it.
pub(crate) fn remove_database(path: &Path) -> io::Result<()> {
    remove_logs(path)?;
    remove(path)
}

/// Removes what SQLite keeps beside a database that is not in use.
pub(crate) fn remove_logs(path: &Path) -> io::Result<()> {
    for ending in ["-wal", "-shm", "-journal"] {
        remove(&beside(path, ending))?;
    }
    Ok(())
}

/// Whether SQLite keeps something beside a database: it is in use, or was when a process ended.
pub(crate) fn has_logs(path: &Path) -> bool {
    ["-wal", "-shm", "-journal"].iter().any(|ending| exists(&beside(path, ending)))
}

/// Removes a file, where it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The path with `ending` after its name.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Puts a complete file in the place of another, so that after a crash one of the two is there.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Makes the names in the folder of `path` last.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
