//! A folder that goes away with the test.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of its own, removed with everything in it when dropped.
#[derive(Debug)]
pub struct TempFolder(tempfile::TempDir);

impl TempFolder {
    /// A new, empty folder.
    #[must_use]
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("mantlet-test-").tempdir().unwrap())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file below the folder, making the folders on the way, and says where it is.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, contents).unwrap();
        file
    }
}

impl Default for TempFolder {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_away_with_its_files() {
        let folder = TempFolder::new();
        let file = folder.write("deep/name.txt", "text");
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        drop(folder);
        assert!(!file.exists());
    }
}
