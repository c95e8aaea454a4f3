//! What can be wrong.

use std::fmt;
use std::io;

use super::keys::MAX_KEYS;
use super::{KeyId, KeyState};

/// What is wrong with a ring, or with what was asked of it.
#[derive(Debug)]
pub enum RingError {
    /// There is no such key.
    Unknown {
        /// The key asked for.
        id: KeyId,
    },
    /// The key is in a state in which that cannot be done.
    NotNow {
        /// The key.
        id: KeyId,
        /// Its state.
        state: KeyState,
    },
    /// A purpose is a word of lower-case letters, digits and hyphens.
    BadPurpose {
        /// What was given, cut.
        purpose: String,
    },
    /// The ring holds as many keys as it may.
    Full,
    /// The ring belongs to another root key.
    WrongRoot {
        /// The fingerprint of the root key it belongs to.
        expected: String,
        /// The fingerprint of the one at hand.
        found: String,
    },
    /// The ring was changed by somebody without the root key, or is damaged.
    Damaged,
    /// There is data but no ring: making a new one would make the data unreadable for ever.
    Missing {
        /// Where it should be.
        path: String,
    },
    /// The file cannot be read or written.
    File {
        /// The file.
        path: String,
        /// What went wrong.
        error: io::Error,
    },
}

impl fmt::Display for RingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { id } => write!(f, "there is no key `{id}` in the ring"),
            Self::NotNow { id, state: KeyState::Active } => write!(
                f,
                "key `{id}` is the active one of its purpose: rotate first, then revoke it"
            ),
            Self::NotNow { id, state } => write!(f, "key `{id}` is {state:?}, not pending"),
            Self::BadPurpose { purpose } => write!(
                f,
                "`{purpose}` is no purpose: use lower-case letters, digits and hyphens"
            ),
            Self::Full => write!(f, "the ring holds {MAX_KEYS} keys, which is the most it may"),
            Self::WrongRoot { expected, found } => write!(
                f,
                "the key ring belongs to the root key `{expected}`, this is `{found}`: give the right one"
            ),
            Self::Damaged => f.write_str(
                "the key ring is damaged or was changed without the root key: restore it from a backup",
            ),
            Self::Missing { path } => write!(
                f,
                "there is data but no key ring at `{path}`: restore it from a backup, a new one cannot open the data"
            ),
            Self::File { path, error } => write!(f, "the key ring `{path}`: {error}"),
        }
    }
}

impl std::error::Error for RingError {}
