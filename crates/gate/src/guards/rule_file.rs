//! Files that guards are built from.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use mantlet_waf::{DiskFiles, Files as _};

/// A file that a guard was built from (rules, data of rules, a document of schemas), as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFile {
    /// Where it is.
    pub path: PathBuf,
    pub(crate) contents: u64,
}

impl RuleFile {
    /// The file at `path`, in which these contents were.
    pub(crate) fn of(path: &Path, contents: &[u8]) -> Self {
        Self { path: path.to_owned(), contents: hash_of(contents) }
    }

    /// Whether the file says something else by now; a file that cannot be read does not.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        DiskFiles.read(&self.path).is_ok_and(|contents| hash_of(&contents) != self.contents)
    }
}

/// What tells contents from others; nobody attacks the order of his own files.
fn hash_of(contents: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    hasher.finish()
}
