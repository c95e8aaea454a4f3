//! What is kept of a link.

use std::time::Duration;

use mantlet_types::Timestamp;

use crate::UserId;

/// The hash of the secret in a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkHash(pub [u8; 32]);

/// Why there is a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkKind {
    /// Somebody has forgotten their password.
    Reset,
    /// Somebody is invited, and has no password yet.
    Invite,
}

impl LinkKind {
    /// `reset` or `invite`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Invite => "invite",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Reset, Self::Invite].into_iter().find(|kind| kind.as_str() == name)
    }

    /// How long it counts.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Reset => Duration::from_secs(30 * 60),
            Self::Invite => Duration::from_secs(7 * 86_400),
        }
    }
}

/// A link that somebody was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The hash of its secret.
    pub hash: LinkHash,
    /// Whose password it sets.
    pub user: UserId,
    /// Why there is one.
    pub kind: LinkKind,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}
