//! What is known of a ticket.

use std::time::Duration;

use mantlet_types::Timestamp;

use crate::UserId;

/// The longest origin, in bytes.
pub const MAX_ORIGIN: usize = 256;

/// The numbers of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketPolicy {
    /// How long one counts, and the longest time that can be asked for.
    pub lifetime: Duration,
    /// The most that wait to be used.
    pub most: usize,
}

impl Default for TicketPolicy {
    /// Thirty seconds, ten thousand.
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(30), most: 10_000 }
    }
}

/// What a ticket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Whom it acts for.
    pub user: UserId,
    /// What it bounds them to; `None` for nothing.
    pub scopes: Option<Vec<String>>,
    /// The origin of the page that may use it, as the field `Origin` has it.
    pub origin: String,
    /// When it was issued.
    pub issued: Timestamp,
    /// When it ends, where nobody uses it.
    pub expires: Timestamp,
    /// Sixteen bytes that stand for it.
    pub mark: [u8; 16],
}

/// What is asked for when a ticket is issued.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// Whom it is to act for.
    pub user: UserId,
    /// What it bounds them to; `None` for nothing.
    pub scopes: Option<Vec<String>>,
    /// The origin of the page that may use it.
    pub origin: String,
    /// How long it counts; `None` for the usual time, which is also the longest.
    pub lifetime: Option<Duration>,
}
