//! What can go wrong on the way to the application.

use std::time::Duration;
use std::{fmt, io};

use mantlet_event::reasons;
use mantlet_types::Reason;
use rustix::io::Errno;

/// What went wrong on the way to the application. The texts are for the operator.
#[derive(Debug)]
pub enum UpstreamError {
    /// No connection could be made.
    Unreachable(String),
    /// The server has as many connections as it may.
    Saturated,
    /// The system gives this process no more sockets: that says nothing of the server.
    Exhausted(String),
    /// The server is left alone for so long, since no connection could be made.
    Resting(Duration),
    /// What came back is not an answer, or stopped in its middle.
    Invalid(String),
    /// Nothing came back in time.
    Timeout(&'static str),
    /// The client's own body broke off, was too large or too slow; says which.
    Client(&'static Reason),
}

impl UpstreamError {
    /// Why there is no connection to `place`.
    pub(super) fn unconnected(place: &dyn fmt::Display, error: &io::Error) -> Self {
        let why = format!("{place}: {error}");
        match Errno::from_io_error(error) {
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                Self::Exhausted(why)
            }
            _ => Self::Unreachable(why),
        }
    }

    /// The refusal the client gets.
    #[must_use]
    pub const fn reason(&self) -> &'static Reason {
        match self {
            Self::Unreachable(_) => &reasons::UPSTREAM_UNREACHABLE,
            Self::Saturated | Self::Exhausted(_) => &reasons::UPSTREAM_SATURATED,
            Self::Resting(_) => &reasons::UPSTREAM_RESTING,
            Self::Invalid(_) => &reasons::UPSTREAM_INVALID,
            Self::Timeout(_) => &reasons::UPSTREAM_TIMEOUT,
            Self::Client(reason) => reason,
        }
    }

    /// After how many seconds trying again makes sense; `None` when nobody knows.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Resting(left) => Some(left.as_secs().saturating_add(1)),
            Self::Saturated | Self::Exhausted(_) => Some(1),
            _ => None,
        }
    }

    /// The kind, for metrics.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Saturated => "saturated",
            Self::Exhausted(_) => "exhausted",
            Self::Resting(_) => "resting",
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
            Self::Exhausted(why) => write!(f, "this machine makes no connection: {why}"),
            Self::Resting(left) => write!(f, "left alone for {} ms", left.as_millis()),
            Self::Invalid(why) => write!(f, "no valid answer: {why}"),
            Self::Timeout(phase) => write!(f, "no {phase} in time"),
            Self::Client(reason) => write!(f, "the request body failed: {}", reason.code),
        }
    }
}

impl std::error::Error for UpstreamError {}
