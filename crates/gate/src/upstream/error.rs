//! What can go wrong on the way to the application.

use std::fmt;

use mantlet_event::reasons;
use mantlet_types::Reason;

/// What went wrong on the way to the application. The texts are for the operator.
#[derive(Debug)]
pub enum UpstreamError {
    /// No connection could be made.
    Unreachable(String),
    /// The server has as many connections as it may.
    Saturated,
    /// What came back is not an answer, or stopped in its middle.
    Invalid(String),
    /// Nothing came back in time.
    Timeout(&'static str),
    /// The client's own body broke off, was too large or too slow; says which.
    Client(&'static Reason),
}

impl UpstreamError {
    /// The refusal the client gets.
    #[must_use]
    pub const fn reason(&self) -> &'static Reason {
        match self {
            Self::Unreachable(_) => &reasons::UPSTREAM_UNREACHABLE,
            Self::Saturated => &reasons::UPSTREAM_SATURATED,
            Self::Invalid(_) => &reasons::UPSTREAM_INVALID,
            Self::Timeout(_) => &reasons::UPSTREAM_TIMEOUT,
            Self::Client(reason) => reason,
        }
    }

    /// The kind, for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Saturated => "saturated",
            Self::Invalid(_) => "invalid",
            Self::Timeout(_) => "timeout",
            Self::Client(_) => "client",
        }
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "cannot connect: {why}"),
            Self::Saturated => f.write_str("all connections are in use"),
            Self::Invalid(why) => write!(f, "no valid answer: {why}"),
            Self::Timeout(phase) => write!(f, "no {phase} in time"),
            Self::Client(reason) => write!(f, "the request body failed: {}", reason.code),
        }
    }
}

impl std::error::Error for UpstreamError {}
