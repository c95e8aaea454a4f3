//! Somebody whose credential was verified.

use std::fmt;
use std::sync::Arc;

use mantlet_types::Timestamp;

use super::again::Moment;
use crate::UserId;
use crate::account::Standing;
use crate::api_key::{ApiKeyRecord, ApiKeyRefusal};
use crate::session::{Session, SessionRefusal};
use crate::store::StoreError;
use crate::ticket::{Ticket, TicketRefusal};
use crate::token::{TokenError, VerifiedToken};

/// Somebody whose credential was verified, as they stand at the moment.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// What they may at the moment, roles among it; never taken from the credential.
    pub standing: Arc<Standing>,
    /// What they showed.
    pub way: Way,
    /// Sixteen bytes that stand for the credential, by which connections opened with it end.
    pub mark: [u8; 16],
    /// When the credential ends by itself.
    pub until: Timestamp,
    /// Until when it need not be looked at again, unless something changes.
    pub(super) again_until: Timestamp,
    /// What held before it was verified.
    pub(super) moment: Moment,
}

/// What somebody showed.
#[derive(Debug, Clone)]
pub enum Way {
    /// The cookie of a session: a person.
    Session(Arc<Session>),
    /// An API key: a program.
    ApiKey(Arc<ApiKeyRecord>),
    /// A signed token.
    Token(Arc<VerifiedToken>),
    /// A ticket, which is used up with it.
    Ticket(Arc<Ticket>),
    /// The certificate of their connection.
    Certificate,
}

impl Caller {
    /// What the credential bounds its owner to; `None` when it bounds them to nothing.
    #[must_use]
    pub fn scopes(&self) -> Option<Vec<&str>> {
        match &self.way {
            Way::Session(_) | Way::Certificate => None,
            Way::ApiKey(key) => Some(key.scopes.iter().collect()),
            Way::Ticket(ticket) => {
                let scopes = ticket.scopes.as_ref()?;
                Some(scopes.iter().map(String::as_str).collect())
            }
            Way::Token(token) if let Some(mapped) = &token.mapped => {
                let scopes = mapped.scopes.as_ref()?;
                Some(scopes.iter().map(String::as_str).collect())
            }
            Way::Token(token) => token.claims.contains_key("scope").then(|| token.texts("scope")),
        }
    }

    /// The session, where that is what they showed.
    #[must_use]
    pub const fn session(&self) -> Option<&Arc<Session>> {
        match &self.way {
            Way::Session(session) => Some(session),
            Way::ApiKey(_) | Way::Token(_) | Way::Ticket(_) | Way::Certificate => None,
        }
    }
}

impl Way {
    /// `session`, `api-key`, `token`, `ticket` or `mtls`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::ApiKey(_) => "api-key",
            Self::Token(_) => "token",
            Self::Ticket(_) => "ticket",
            Self::Certificate => "mtls",
        }
    }
}

/// Why a credential does not count: for the operator's log. The client is told the same for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallerRefusal {
    /// The session.
    Session(SessionRefusal),
    /// The API key.
    ApiKey(ApiKeyRefusal),
    /// The token.
    Token(TokenError),
    /// The ticket.
    Ticket(TicketRefusal),
    /// The account is closed, gone, or everything of it from then was ended.
    Account,
    /// The store cannot tell: identity fails closed.
    Store(StoreError),
}

impl CallerRefusal {
    /// A stable word for logs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Session(error) => error.code(),
            Self::ApiKey(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::Ticket(refusal) => refusal.code(),
            Self::Account => "account-closed",
            Self::Store(_) => "store-unavailable",
        }
    }

    /// Whether nobody could tell, which says nothing of the credential.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Store(_)
                | Self::Session(SessionRefusal::Store(_))
                | Self::ApiKey(ApiKeyRefusal::Store(_))
                | Self::Token(TokenError::Unsure | TokenError::NoKeys)
        )
    }
}

impl fmt::Display for CallerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::ApiKey(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Ticket(refusal) => refusal.fmt(f),
            Self::Account => f.write_str("the account is closed, or ended this credential"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CallerRefusal {}

impl From<SessionRefusal> for CallerRefusal {
    fn from(error: SessionRefusal) -> Self {
        Self::Session(error)
    }
}

impl From<ApiKeyRefusal> for CallerRefusal {
    fn from(error: ApiKeyRefusal) -> Self {
        Self::ApiKey(error)
    }
}

impl From<TokenError> for CallerRefusal {
    fn from(error: TokenError) -> Self {
        Self::Token(error)
    }
}

impl From<TicketRefusal> for CallerRefusal {
    fn from(refusal: TicketRefusal) -> Self {
        Self::Ticket(refusal)
    }
}

impl From<StoreError> for CallerRefusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
