//! Backups: a folder with the database as it was at one moment, the key ring that opens it, and a
//! manifest that says what belongs to it. All of it is encrypted, and the manifest is signed with a
//! key derived from the root key; the root key itself is never in it.

mod error;
mod making;
mod manifest;
mod restoring;

pub use error::BackupError;
pub(crate) use making::make;
pub use manifest::Manifest;
pub use restoring::{Replacing, restore, verify};

/// What a backup calls its parts.
const DATABASE: &str = "store.db";
const RING: &str = "ring.json";
const ROOT_SALT: &str = "root.salt";
const MANIFEST: &str = "manifest.json";
const TAG: &str = "manifest.tag";
