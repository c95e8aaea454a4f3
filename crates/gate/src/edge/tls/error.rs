//! Certificates and keys that cannot be used.

use std::fmt;
use std::path::{Path, PathBuf};

/// What helps with most of them.
const HINT: &str = "name a certificate chain and its own private key, both in PEM";

/// A certificate or key that cannot be used.
#[derive(Debug)]
pub struct TlsError {
    path: PathBuf,
    why: String,
}

impl TlsError {
    pub(super) fn new(path: &Path, why: &dyn fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }

    /// Whether it is about the file at `path`.
    pub(super) fn is_about(&self, path: &Path) -> bool {
        self.path == path
    }

    /// What is wrong, without the hint.
    #[must_use]
    pub fn message(&self) -> String {
        format!("cannot use `{}`: {}", self.path.display(), self.why)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  hint: {HINT}", self.message())
    }
}

impl std::error::Error for TlsError {}
