//! Why there is no ticket, or why one does not count.

use std::fmt;

/// Why a ticket is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketError {
    /// What it is to be bound to is no origin.
    Origin,
    /// So many wait to be used already.
    TooMany(usize),
}

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin => f.write_str(
                "that is no origin: write it as browsers do, for example `https://app.example.org`",
            ),
            Self::TooMany(limit) => write!(f, "{limit} tickets wait to be used already"),
        }
    }
}

impl std::error::Error for TicketError {}

/// Why a ticket does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketRefusal {
    /// It is none, or was mistyped.
    Malformed,
    /// It was used before, or never issued here.
    Unknown,
    /// Its time is over.
    Expired,
    /// A page of another origin showed it.
    Origin,
}

impl TicketRefusal {
    /// A stable word for logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Expired => "expired",
            Self::Origin => "other-origin",
        }
    }
}

impl fmt::Display for TicketRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a ticket, or mistyped",
            Self::Unknown => "the ticket was used before, or never issued",
            Self::Expired => "the ticket has expired",
            Self::Origin => "the ticket is for pages of another origin",
        })
    }
}

impl std::error::Error for TicketRefusal {}
