//! Tickets: credentials that count once, within seconds, for one user on pages of one origin.
//!
//! A page cannot send a header with the handshake of a WebSocket. Its application asks for a ticket
//! and hands it to the page, which shows it in the handshake. Tickets are kept in memory alone: one
//! that a restart forgets was about to end, and its page asks for another.

mod text;

pub use text::TICKET_PREFIX;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_crypto::sha256;
use mantlet_types::{Clock, Rng, Secret, Timestamp};

use crate::UserId;
use crate::time::after;

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

/// Tickets that wait to be used.
#[derive(Debug)]
pub struct Tickets {
    waiting: Mutex<HashMap<[u8; 32], Ticket>>,
    policy: TicketPolicy,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Tickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(policy: TicketPolicy, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        Self { waiting: Mutex::default(), policy, clock, rng }
    }

    /// Issues a ticket: its text, and when it ends.
    ///
    /// # Errors
    /// [`TicketError`] for what is no origin, and while too many wait.
    pub fn issue(&self, wish: NewTicket) -> Result<(Secret<String>, Timestamp), TicketError> {
        if !is_origin(&wish.origin) {
            return Err(TicketError::Origin);
        }
        let (now, longest) = (self.clock.now(), self.policy.lifetime);
        let expires = after(now, wish.lifetime.unwrap_or(longest).min(longest));
        let text = text::generate(&*self.rng);
        let hash = sha256(text.expose().as_bytes());
        let mut waiting = self.lock();
        if waiting.len() >= self.policy.most {
            waiting.retain(|_, ticket| ticket.expires > now);
        }
        if waiting.len() >= self.policy.most {
            return Err(TicketError::TooMany(self.policy.most));
        }
        let mark = hash.first_chunk().copied().unwrap_or_default();
        let NewTicket { user, scopes, origin, .. } = wish;
        waiting.insert(hash, Ticket { user, scopes, origin, issued: now, expires, mark });
        Ok((text, expires))
    }

    /// Uses a ticket up, whatever comes of it: shown from elsewhere, it does not count later either.
    ///
    /// # Errors
    /// [`TicketRefusal`]: why it does not count.
    pub fn redeem(&self, presented: &str, origin: Option<&str>) -> Result<Ticket, TicketRefusal> {
        if !text::is_ticket(presented) {
            return Err(TicketRefusal::Malformed);
        }
        let found = self.lock().remove(&sha256(presented.as_bytes()));
        let ticket = found.ok_or(TicketRefusal::Unknown)?;
        if self.clock.now() >= ticket.expires {
            return Err(TicketRefusal::Expired);
        }
        // Origins are compared as browsers write them: in lower case, without a default port.
        if origin != Some(ticket.origin.as_str()) {
            return Err(TicketRefusal::Origin);
        }
        Ok(ticket)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Ticket>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a text is an origin as browsers write it: `https://host` or `https://host:port`.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._:[]".contains(&b);
    text.len() <= MAX_ORIGIN && host.is_some_and(|it| !it.is_empty() && it.bytes().all(is_plain))
}

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
