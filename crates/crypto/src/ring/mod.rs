//! The key ring: keys with versions and states, so that a key can be replaced while what it made
//! is still read.
//!
//! A key starts pending, becomes the active one of its purpose, then retires (it still opens what
//! it sealed) and may be revoked (it opens nothing any more). Revoked keys stay listed; their bytes
//! are gone.

mod error;
mod file;
mod form;
mod keys;

pub use error::RingError;
pub use file::RingFile;
pub use keys::{KeyId, KeyRing, KeyState, KeyView};
