//! What is kept of a family of refresh tokens.

use std::fmt;

use mantlet_crypto::KeyId;
use mantlet_types::Timestamp;

use crate::checked_text::is_digits;
use crate::{Trace, UserId};

/// The id of a family: 12 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FamilyId([u8; Self::LEN]);

impl FamilyId {
    /// The length of an id in characters.
    pub const LEN: usize = 12;

    /// The id that `text` is; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes().try_into().ok()?;
        is_digits(text).then_some(Self(bytes))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for FamilyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FamilyId({self})")
    }
}

/// One sign-in, and all refresh tokens that follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its id.
    pub id: FamilyId,
    /// Whose.
    pub user: UserId,
    /// With which program they signed in, for people.
    pub client: String,
    /// What its access tokens are bounded to; `None` when to nothing but what the user may.
    pub scopes: Option<Vec<String>>,
    /// The key of the ring that its secrets are made with.
    pub key: KeyId,
    /// Random bytes that its secrets depend on.
    pub salt: [u8; 16],
    /// When it began.
    pub created: Timestamp,
    /// When it ends, however often it is used.
    pub expires: Timestamp,
    /// Which token is the next to be used; counts up from 0.
    pub generation: u32,
    /// When the last one was used, or the family began.
    pub rotated: Timestamp,
    /// Who ended it before its time, when and why.
    pub revoked: Option<Trace>,
}
