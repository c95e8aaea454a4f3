//! Why something was not done at the desk.

use std::fmt;

use mantlet_access::Roles;
use mantlet_config::Complaint;
use mantlet_crypto::jws::JwsError;
use mantlet_identity::BadUserId;
use mantlet_identity::account::BadAccountName;
use mantlet_identity::api_key::{ApiKeyError, BadScope};
use mantlet_identity::approval::BadApproval;
use mantlet_identity::directory::GrantError;
use mantlet_identity::factor::FactorError;
use mantlet_identity::password::PoolError;
use mantlet_identity::refresh::RefreshError;
use mantlet_identity::store::StoreError;
use mantlet_identity::ticket::TicketError;
use mantlet_identity::token::TokenError;

use crate::control::ControlError;
use crate::scope;

/// What kind of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// What was asked for is not in order.
    Invalid,
    /// It is about something that is not there.
    Unknown,
    /// Something of this name is there already, or as many as there may be.
    Conflict,
    /// It has changed since whoever asks looked at it.
    Changed,
    /// Whoever asks may not.
    Forbidden,
    /// Too much is asked at the moment.
    Busy,
    /// The store or the disk does not do it.
    Unavailable,
}

/// Why something was not done; nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskError {
    /// What kind of reason it is.
    pub kind: Kind,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl DeskError {
    /// An error with what to do about it.
    pub(crate) fn new(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: hint.into() }
    }

    /// What was asked for is not in order.
    pub(super) fn invalid(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message, hint)
    }

    /// Whether the same question has another answer in a moment.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self.kind, Kind::Busy | Kind::Unavailable)
    }

    /// The cause says all there is to say.
    fn of(kind: Kind, cause: impl fmt::Display) -> Self {
        let hint = match kind {
            Kind::Busy | Kind::Unavailable => "try again in a moment",
            _ => "correct this and try again",
        };
        Self::new(kind, cause.to_string(), hint)
    }
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  hint: {}", self.message, self.hint)
    }
}

impl std::error::Error for DeskError {}

impl From<DeskError> for ControlError {
    fn from(error: DeskError) -> Self {
        Self { message: error.message, hint: error.hint }
    }
}

impl From<StoreError> for DeskError {
    fn from(error: StoreError) -> Self {
        let kind = match error {
            StoreError::Conflict | StoreError::Full(_) => Kind::Conflict,
            StoreError::Unavailable(_) => Kind::Unavailable,
        };
        Self::of(kind, error)
    }
}

impl From<ApiKeyError> for DeskError {
    fn from(error: ApiKeyError) -> Self {
        let kind = match error {
            ApiKeyError::Store(error) => return error.into(),
            ApiKeyError::BeyondIssuer(_) => Kind::Forbidden,
            ApiKeyError::NotInForce(_) | ApiKeyError::Changed(_) => Kind::Conflict,
            ApiKeyError::NoKey | ApiKeyError::Environment(_) => Kind::Unavailable,
            ApiKeyError::Label
            | ApiKeyError::Scope(_)
            | ApiKeyError::Expiry
            | ApiKeyError::Networks(_) => Kind::Invalid,
        };
        Self::of(kind, error)
    }
}

impl From<GrantError> for DeskError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Refresh(error) => error.into(),
            GrantError::Token(error) => error.into(),
        }
    }
}

impl From<RefreshError> for DeskError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Store(error) => error.into(),
            RefreshError::NoKey => Self::of(Kind::Unavailable, error),
            error => Self::of(Kind::Invalid, error),
        }
    }
}

impl From<FactorError> for DeskError {
    fn from(error: FactorError) -> Self {
        match error {
            FactorError::Store(error) => error.into(),
            error => Self::of(Kind::Unavailable, error),
        }
    }
}

impl From<PoolError> for DeskError {
    fn from(error: PoolError) -> Self {
        let kind = if error == PoolError::Busy { Kind::Busy } else { Kind::Unavailable };
        Self::of(kind, error)
    }
}

impl From<TicketError> for DeskError {
    fn from(error: TicketError) -> Self {
        let is_full = matches!(error, TicketError::TooMany(_));
        Self::of(if is_full { Kind::Busy } else { Kind::Invalid }, error)
    }
}

impl From<Complaint> for DeskError {
    fn from(complaint: Complaint) -> Self {
        Self::invalid(complaint.message, complaint.hint)
    }
}

/// Errors that only say that what was asked for is not in order.
macro_rules! invalid {
    ($($error:ty),*) => {$(
        impl From<$error> for DeskError {
            fn from(error: $error) -> Self {
                Self::of(Kind::Invalid, error)
            }
        }
    )*};
}

invalid!(BadAccountName, BadApproval, BadScope, BadUserId, JwsError, TokenError);

pub(super) fn unknown_user(name: &str) -> DeskError {
    let message = format!("there is no account `{}`", name.escape_debug());
    let hint = "`mantlet user list` shows them, `mantlet user add` adds one";
    DeskError::new(Kind::Unknown, message, hint)
}

/// Every name must be a role of the table.
pub(super) fn check_roles(names: &[String], roles: &Roles) -> Result<(), DeskError> {
    match names.iter().find(|name| roles.role(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = roles.role_names().collect();
            let message = format!("there is no role `{}`", name.escape_debug());
            Err(DeskError::invalid(message, format!("use one of {}", known.join(", "))))
        }
    }
}

/// Every name must be a permission of the table, or a scope of the service API.
pub(super) fn check_scopes(names: &[String], roles: &Roles) -> Result<(), DeskError> {
    let is_known = |name: &str| roles.permission(name).is_some() || scope::is_one(name);
    match names.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = roles.permission_names().chain(scope::ALL).collect();
            let message = format!("there is no permission `{}`", name.escape_debug());
            Err(DeskError::invalid(message, format!("use one of {}", known.join(", "))))
        }
    }
}
