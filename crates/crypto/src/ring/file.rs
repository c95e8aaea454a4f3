//! A key ring on disk.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use mantlet_types::Rng;

use super::{KeyRing, RingError, form};
use crate::RootKey;

/// The most bytes of the file: ten thousand keys take a quarter of that.
const FILE_LIMIT: u64 = 16 * 1024 * 1024;

/// The file of a key ring. Whoever writes it holds the lock of the data folder.
#[derive(Debug, Clone)]
pub struct RingFile {
    path: PathBuf,
}

impl RingFile {
    /// The ring at `path`, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Reads the ring; a new, empty one where there is none and `has_data` is false.
    ///
    /// # Errors
    /// [`RingError::Missing`] when there is data that a new ring could not open;
    /// [`RingError::WrongRoot`], [`RingError::Damaged`], [`RingError::File`].
    pub fn load(&self, root: &RootKey, has_data: bool) -> Result<KeyRing, RingError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !has_data => {
                return Ok(KeyRing::new());
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RingError::Missing { path: self.path.display().to_string() });
            }
            Err(error) => return Err(self.failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(FILE_LIMIT).read_to_end(&mut bytes).map_err(|error| self.failed(error))?;
        form::read(&bytes, root)
    }

    /// Writes the ring. When this returns it is on disk, and whatever happens before that, the file
    /// holds either this ring or the one before.
    ///
    /// # Errors
    /// [`RingError::File`]; the ring before is still there.
    pub fn save(&self, ring: &KeyRing, root: &RootKey, rng: &dyn Rng) -> Result<(), RingError> {
        let bytes = form::write(ring, root, rng)?;
        let new = self.path.with_extension("new");
        let replaced = write_synced(&new, &bytes)
            .and_then(|()| std::fs::rename(&new, &self.path))
            .and_then(|()| sync_folder(&self.path));
        replaced.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: io::Error) -> RingError {
        RingError::File { path: self.path.display().to_string(), error }
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use mantlet_types::{Secret, SystemRng};

    use super::*;

    fn root() -> RootKey {
        let text = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        RootKey::parse(&Secret::new(text.to_owned())).unwrap()
    }

    #[test]
    fn a_ring_is_kept_and_never_half_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = RingFile::new(folder.path().join("ring.json"));
        let mut ring = file.load(&root(), false).unwrap();
        let id = ring.rotate("session", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        file.save(&ring, &root(), &SystemRng).unwrap();
        // What a crash in the middle of writing leaves behind.
        std::fs::write(folder.path().join("ring.new"), "half").unwrap();
        let again = file.load(&root(), true).unwrap();
        assert_eq!(again.active("session").unwrap().0, id);
        file.save(&again, &root(), &SystemRng).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_new_ring_is_made_for_data_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let file = RingFile::new(folder.path().join("ring.json"));
        assert!(matches!(file.load(&root(), true), Err(RingError::Missing { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = RingFile::new(folder.path().join("missing/ring.json"));
        let error = file.save(&KeyRing::new(), &root(), &SystemRng).unwrap_err();
        assert!(error.to_string().contains("missing/ring.json"), "{error}");
    }
}
