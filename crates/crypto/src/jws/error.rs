//! What can be wrong with a token or a key.

use std::fmt;

/// Why a signed token is refused: for the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsError {
    /// It is longer than [`super::MAX_TOKEN`].
    TooLong,
    /// It is not three parts of base64 as the standard wants it.
    Malformed,
    /// The header is no object of text members, or says something twice.
    Header,
    /// The header demands an extension (`crit`).
    Critical,
    /// The header brings its own key (`jwk`, `jku`, `x5u`).
    EmbeddedKey,
    /// The algorithm is none that we speak, or not that of the key.
    Algorithm,
    /// There is no such key.
    UnknownKey,
    /// The signature does not fit.
    Signature,
}

impl JwsError {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong => "too-long",
            Self::Malformed => "malformed",
            Self::Header => "bad-header",
            Self::Critical => "critical-extension",
            Self::EmbeddedKey => "embedded-key",
            Self::Algorithm => "wrong-algorithm",
            Self::UnknownKey => "unknown-key",
            Self::Signature => "bad-signature",
        }
    }
}

impl fmt::Display for JwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the token is too long",
            Self::Malformed => "not a signed token in compact form",
            Self::Header => "the header of the token is not in order",
            Self::Critical => "the token demands an extension that is not known",
            Self::EmbeddedKey => "the token brings its own key",
            Self::Algorithm => "the algorithm of the token is not that of the key",
            Self::UnknownKey => "the key of the token is not known",
            Self::Signature => "the signature does not fit",
        })
    }
}

impl std::error::Error for JwsError {}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwkError {
    /// It is not an object with the members that its kind needs.
    Malformed,
    /// It is of a kind, curve or algorithm that we do not speak, or these do not fit together.
    Unsupported,
    /// It is not for signatures.
    NotForSignatures,
    /// It is too short or otherwise easy to break.
    Weak,
    /// The set holds secrets beside public keys.
    Mixed,
    /// Two keys of the set have the same id.
    Duplicate,
    /// The set holds more keys than it may.
    TooMany,
}

impl fmt::Display for JwkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a key that can be read",
            Self::Unsupported => {
                "not a key for EdDSA (Ed25519), ES256 (P-256), RS256 or HS256: use one of these"
            }
            Self::NotForSignatures => "the key is not meant for checking signatures",
            Self::Weak => {
                "the key can be broken: use RSA of 2048 bits or more, secrets of 256 bits"
            }
            Self::Mixed => "the set mixes secrets and public keys: keep them apart",
            Self::Duplicate => "two keys of the set have the same id",
            Self::TooMany => "the set holds too many keys",
        })
    }
}

impl std::error::Error for JwkError {}
