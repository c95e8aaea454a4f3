//! Why a key is not accepted, and what can go wrong with managing them.

use std::fmt;
use std::net::IpAddr;

use mantlet_types::Timestamp;

use super::{ApiKeyId, BadScope};
use crate::store::StoreError;

/// Why a presented key is refused: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyRefusal {
    /// It is no key at all, or was mistyped.
    Malformed,
    /// It names another environment.
    Environment,
    /// There is no key of this id.
    Unknown,
    /// The secret is not that of the id.
    Secret,
    /// The secret was replaced and its grace is over.
    Replaced {
        /// When the grace ended.
        at: Timestamp,
    },
    /// The key was revoked.
    Revoked {
        /// When.
        at: Timestamp,
    },
    /// The key has expired.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// The key may not be used from there.
    Network {
        /// The client's address.
        address: IpAddr,
    },
    /// Whether the record at hand is still true is not known: look it up again.
    Stale,
    /// The store cannot tell: identity fails closed.
    Store(StoreError),
}

impl ApiKeyRefusal {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Environment => "other-environment",
            Self::Unknown => "unknown",
            Self::Secret => "wrong-secret",
            Self::Replaced { .. } => "replaced",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
            Self::Network { .. } => "other-network",
            Self::Stale => "stale",
            Self::Store(_) => "store-unavailable",
        }
    }
}

impl fmt::Display for ApiKeyRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not an api key, or mistyped"),
            Self::Environment => f.write_str("the key is for another environment"),
            Self::Unknown => f.write_str("there is no key of this id"),
            Self::Secret => f.write_str("the secret is not that of the key"),
            Self::Replaced { at } => write!(f, "the secret was replaced, its grace ended at {at}"),
            Self::Revoked { at } => write!(f, "the key was revoked at {at}"),
            Self::Expired { at } => write!(f, "the key expired at {at}"),
            Self::Network { address } => write!(f, "the key may not be used from `{address}`"),
            Self::Stale => f.write_str("whether the key was revoked meanwhile is not known"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApiKeyRefusal {}

/// Why a key cannot be issued, rotated or revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiKeyError {
    /// The environment of the policy cannot stand in a key.
    Environment(String),
    /// The label is empty, too long or has control characters.
    Label,
    /// A scope is wrong.
    Scope(BadScope),
    /// The issuer does not hold these scopes itself.
    BeyondIssuer(Vec<String>),
    /// The wanted end lies in the past or too far ahead.
    Expiry,
    /// More networks than a key may have; the number is the limit.
    Networks(usize),
    /// The ring has no active key for API keys.
    NoKey,
    /// There is no such key, or it is no longer in force.
    NotInForce(ApiKeyId),
    /// Somebody else changed the key at the same time: look again.
    Changed(ApiKeyId),
    /// The store did not do it.
    Store(StoreError),
}

impl fmt::Display for ApiKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(
                f,
                "`{}` is no environment: use 1 to 8 lower-case letters and digits",
                name.escape_debug()
            ),
            Self::Label => f.write_str("a key needs a label of 1 to 100 printable characters"),
            Self::Scope(error) => error.fmt(f),
            Self::BeyondIssuer(missing) => write!(
                f,
                "nobody can pass on more than they hold: `{}` is missing",
                missing.join("`, `")
            ),
            Self::Expiry => f.write_str(
                "the end of the key lies in the past or too far ahead: choose a nearer one",
            ),
            Self::Networks(limit) => write!(f, "a key has at most {limit} networks"),
            Self::NoKey => {
                f.write_str("the key ring has no active key for api keys: rotate it once")
            }
            Self::NotInForce(id) => write!(f, "there is no key `{id}` in force"),
            Self::Changed(id) => {
                write!(f, "key `{id}` was changed by somebody else just now: look again")
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ApiKeyError {}

impl From<StoreError> for ApiKeyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
