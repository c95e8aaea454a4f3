//! Why a passkey does not count.

use std::fmt;

use crate::store::StoreError;

/// Why a passkey does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasskeyError {
    /// What came is no answer of an authenticator; the text says which part.
    Malformed(&'static str),
    /// The challenge is not one that this browser got for this, or its time is over.
    Challenge,
    /// The challenge was answered before.
    Replayed,
    /// It was signed on a page of another origin, or within one.
    Origin,
    /// It was signed for another host.
    Site,
    /// Nobody touched the authenticator, or it did not make sure who did.
    Unverified,
    /// The key is of a kind that we do not speak, or weak.
    Key,
    /// Nobody has this passkey, or somebody else has.
    Unknown,
    /// The signature is not that of the key.
    Signature,
    /// The counter of the authenticator went back: the key may exist twice.
    Counter,
    /// Too many challenges were answered lately to remember one more.
    Busy,
    /// The store cannot tell: identity fails closed.
    Store(StoreError),
}

impl PasskeyError {
    /// Whether nobody could tell, which says nothing of the passkey.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Busy | Self::Store(StoreError::Unavailable(_)))
    }
}

impl fmt::Display for PasskeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed(part) => return write!(f, "the passkey's {part} cannot be read"),
            Self::Challenge => "the passkey answers a challenge of somebody else, or an old one",
            Self::Replayed => "the passkey's challenge was answered before",
            Self::Origin => "the passkey was asked for by a page of another origin",
            Self::Site => "the passkey is for another host",
            Self::Unverified => "the passkey's authenticator did not make sure who used it",
            Self::Key => "the passkey's key is of a kind that is not taken",
            Self::Unknown => "there is no such passkey",
            Self::Signature => "the passkey's signature is wrong",
            Self::Counter => "the passkey's counter went back: its key may exist twice",
            Self::Busy => "too many passkeys were used lately",
            Self::Store(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for PasskeyError {}

impl From<StoreError> for PasskeyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
