//! Why a token does not count.

use std::fmt;

use mantlet_crypto::jws::JwsError;

/// Why a token does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenError {
    /// Form, key or signature.
    Signature(JwsError),
    /// The payload is no object of claims, or says something twice.
    Payload,
    /// A claim is missing or of the wrong kind.
    Claim(&'static str),
    /// The `typ` of the header is not one that is accepted here.
    Kind,
    /// It is of another issuer.
    Issuer,
    /// It is for another audience.
    Audience,
    /// It has expired.
    Expired,
    /// It does not count yet.
    NotYet,
    /// It claims to live longer than tokens may.
    TooLongLived,
    /// It was revoked, or everything of its user was.
    Revoked,
    /// Whether it was revoked is not known at the moment.
    Unsure,
    /// The keys of its issuer are not known at the moment.
    NoKeys,
    /// Tokens of this kind are no longer accepted: the time of the migration is over.
    MigrationOver,
}

impl TokenError {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.code(),
            Self::Payload => "bad-payload",
            Self::Claim(_) => "bad-claim",
            Self::Kind => "wrong-type",
            Self::Issuer => "wrong-issuer",
            Self::Audience => "wrong-audience",
            Self::Expired => "expired",
            Self::NotYet => "not-yet-valid",
            Self::TooLongLived => "too-long-lived",
            Self::Revoked => "revoked",
            Self::Unsure => "revocation-unknown",
            Self::NoKeys => "keys-unknown",
            Self::MigrationOver => "migration-over",
        }
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature(error) => error.fmt(f),
            Self::Payload => f.write_str("the token holds no claims that can be read"),
            Self::Claim(name) => write!(f, "the claim `{name}` is missing or not in order"),
            Self::Kind => f.write_str("the token is of another type"),
            Self::Issuer => f.write_str("the token is of another issuer"),
            Self::Audience => f.write_str("the token is for another audience"),
            Self::Expired => f.write_str("the token has expired"),
            Self::NotYet => f.write_str("the token does not count yet"),
            Self::TooLongLived => f.write_str("the token claims to live longer than tokens may"),
            Self::Revoked => f.write_str("the token was revoked"),
            Self::Unsure => f.write_str("whether the token was revoked is not known at the moment"),
            Self::NoKeys => f.write_str("the keys of the issuer could not be fetched"),
            Self::MigrationOver => f.write_str("tokens of this kind are no longer accepted"),
        }
    }
}

impl std::error::Error for TokenError {}

impl From<JwsError> for TokenError {
    fn from(error: JwsError) -> Self {
        Self::Signature(error)
    }
}
