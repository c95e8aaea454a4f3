//! Why a refresh token does not count.

use std::fmt;

use crate::store::StoreError;

/// Why a refresh token does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshError {
    /// It is none, or was mistyped.
    Malformed,
    /// There is no such family, or its key is gone.
    Unknown,
    /// It was never given out.
    Secret,
    /// The family ended before its time.
    Revoked,
    /// The family has ended, or was not used for too long.
    Expired,
    /// It was used before: a theft or a copy. The whole family has ended with it.
    Reused,
    /// The account is closed, or was signed out everywhere.
    Account,
    /// The ring has no active key for refresh tokens.
    NoKey,
    /// The store cannot tell.
    Store(StoreError),
}

impl RefreshError {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Secret => "wrong-secret",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Reused => "reused",
            Self::Account => "account-closed",
            Self::NoKey => "no-key",
            Self::Store(_) => "store-unavailable",
        }
    }
}

impl fmt::Display for RefreshError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a refresh token, or mistyped",
            Self::Unknown => "there is no such refresh token",
            Self::Secret => "the refresh token was never given out",
            Self::Revoked => "the sign-in that the refresh token belongs to was ended",
            Self::Expired => "the sign-in that the refresh token belongs to has expired",
            Self::Reused => "the refresh token was used before: its whole family is ended",
            Self::Account => "the account is closed, or was signed out everywhere",
            Self::NoKey => "the key ring has no active key for refresh tokens: rotate it once",
            Self::Store(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for RefreshError {}

impl From<StoreError> for RefreshError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
