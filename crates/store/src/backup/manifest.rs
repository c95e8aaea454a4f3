//! What belongs to a backup.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use mantlet_crypto::{Key, KeyId, Sha256, sha256};
use mantlet_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BackupError, DATABASE, MANIFEST, RING, ROOT_SALT, TAG};
use crate::files;

const FORMAT: &str = "mantlet-backup-1";

/// The most bytes of a manifest: it names three files.
const MAX_BYTES: u64 = 64 * 1024;

/// What belongs to a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    /// When it was made (RFC 3339).
    pub made: String,
    /// The version of Mantlet that made it.
    pub mantlet: String,
    /// The number of the last migration of its database.
    pub schema: u32,
    /// The key of its database, in its own key ring.
    pub key: String,
    /// The fingerprint of the root key that opens its key ring.
    pub root: String,
    files: Vec<Part>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    name: String,
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// The manifest of the files that lie in `folder`.
    pub(super) fn of(
        folder: &Path,
        made: Timestamp,
        schema: u32,
        key: KeyId,
        root: String,
    ) -> Result<Self, BackupError> {
        let names = [DATABASE, RING, ROOT_SALT].into_iter();
        let files = names
            .filter(|name| files::exists(&folder.join(name)))
            .map(|name| Part::of(folder, name))
            .collect::<Result<_, _>>()?;
        let (format, mantlet) = (FORMAT.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        let made = made.to_string();
        Ok(Self { format, made, mantlet, schema, key: key.to_string(), root, files })
    }

    /// Writes the manifest, and its tag beside it.
    pub(super) fn write(&self, folder: &Path, signing: &Key) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let failed = BackupError::of_file(&path);
        let text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        write_synced(&path, &text).map_err(&failed)?;
        write_synced(&folder.join(TAG), hex(&signing.tag(&text)).as_bytes()).map_err(failed)
    }

    /// The manifest in `folder`, which must have been signed with `signing`.
    pub(super) fn read(folder: &Path, signing: &Key) -> Result<Self, BackupError> {
        let text = read_bounded(&folder.join(MANIFEST))?;
        let tag = read_bounded(&folder.join(TAG))?;
        let shown = || folder.display().to_string();
        let expected = hex(&signing.tag(&text));
        // Hashed once more, so that the time of comparing says nothing of the tag.
        if !signing.has_tagged(tag.trim_ascii(), &signing.tag(expected.as_bytes())) {
            return Err(BackupError::Foreign { path: shown() });
        }
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| BackupError::NotABackup { path: shown(), why: error.to_string() })?;
        if manifest.format != FORMAT {
            let why = format!("its format is `{}`", manifest.format.escape_debug());
            return Err(BackupError::NotABackup { path: shown(), why });
        }
        Ok(manifest)
    }

    /// A small file of the backup in `folder`, which must be the one that was backed up; `None` when
    /// it is not part of this backup.
    pub(super) fn read_part(
        &self,
        folder: &Path,
        name: &str,
    ) -> Result<Option<Vec<u8>>, BackupError> {
        let Some(part) = self.files.iter().find(|part| part.name == name) else { return Ok(None) };
        let path = folder.join(name);
        let bytes = fs::read(&path).map_err(BackupError::of_file(&path))?;
        if hex(&sha256(&bytes)) == part.sha256 {
            return Ok(Some(bytes));
        }
        Err(BackupError::Differs { path: path.display().to_string() })
    }

    /// Copies a file of the backup in `folder` to `to`, which is ours alone and on disk then, and
    /// sees that it is the one that was backed up.
    pub(super) fn take(&self, folder: &Path, name: &str, to: &Path) -> Result<(), BackupError> {
        let from = folder.join(name);
        let copy = || {
            files::remove(to)?;
            files::make_empty(to)?;
            io::copy(&mut File::open(&from)?, &mut fs::OpenOptions::new().write(true).open(to)?)?;
            File::open(to)?.sync_all()
        };
        copy().map_err(BackupError::of_file(&from))?;
        let found = Part::read(to, name).map_err(BackupError::of_file(to))?;
        if self.files.contains(&found) {
            return Ok(());
        }
        Err(BackupError::Differs { path: from.display().to_string() })
    }

    /// The bytes of all files together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|part| part.bytes).sum()
    }
}

impl Part {
    fn of(folder: &Path, name: &str) -> Result<Self, BackupError> {
        let path = folder.join(name);
        Self::read(&path, name).map_err(BackupError::of_file(&path))
    }

    fn read(path: &Path, name: &str) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let (mut digest, mut bytes) = (Sha256::new(), 0_u64);
        let mut piece = vec![0; 64 * 1024];
        loop {
            let size = file.read(&mut piece)?;
            let Some(read) = piece.get(..size).filter(|read| !read.is_empty()) else { break };
            digest.update(read);
            bytes = bytes.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        }
        Ok(Self { name: name.to_owned(), bytes, sha256: hex(&digest.finish()) })
    }
}

/// Writes a file that is ours alone; it is on disk then.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    files::make_empty(path)?;
    let mut file = fs::OpenOptions::new().write(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path).display().to_string();
            let name = path.file_name().unwrap_or_default().display();
            Err(BackupError::NotABackup { path: folder, why: format!("it has no `{name}`") })
        }
        Err(error) => Err(BackupError::of_file(path)(error)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
