//! What a route asks for, together with the routes around it.

use crate::{Requirement, RequirementError, Roles};

/// What one route says: the text after `require =`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Require {
    /// `none`: it is open to everybody, whatever the routes around it ask for.
    None,
    /// It asks for this, and for all that the routes around it ask for.
    Of(Requirement),
}

impl Require {
    /// Reads what a route says: `none`, or a [`Requirement`].
    ///
    /// # Errors
    /// As [`Requirement::parse`]. `none` stands alone or not at all.
    pub fn parse(text: &str, roles: &Roles) -> Result<Self, RequirementError> {
        if text.trim() == "none" {
            return Ok(Self::None);
        }
        Requirement::parse(text, roles).map(Self::Of)
    }
}

/// What is asked for on a path, once every route that matches it was heard, from the widest to the
/// narrowest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// Nobody has asked for identities: everything is as it was.
    Unasked,
    /// Identities are asked for somewhere, and nothing was said about this path: it is closed.
    Closed,
    /// `require = "none"`: it is open.
    Open,
    /// It asks for all of these.
    Asks(Requirement),
}

impl Access {
    /// Where a path begins, before any route was heard: closed once identities are asked for
    /// anywhere.
    #[must_use]
    pub const fn start(is_asked_anywhere: bool) -> Self {
        if is_asked_anywhere { Self::Closed } else { Self::Unasked }
    }

    /// What is asked for on a path of this one that says `own`; `None` when it says nothing.
    #[must_use]
    pub fn narrow(self, own: Option<&Require>) -> Self {
        match (self, own) {
            (before, None) => before,
            (_, Some(Require::None)) => Self::Open,
            (Self::Asks(mut before), Some(Require::Of(own))) => {
                if let Requirement::All(list) = &mut before {
                    list.push(own.clone());
                    return Self::Asks(before);
                }
                Self::Asks(Requirement::All(vec![before, own.clone()]))
            }
            (Self::Unasked | Self::Closed | Self::Open, Some(Require::Of(own))) => {
                Self::Asks(own.clone())
            }
        }
    }

    /// The requirement to decide by; `None` when everybody may.
    #[must_use]
    pub const fn requirement(&self) -> Option<&Requirement> {
        match self {
            Self::Unasked | Self::Open => None,
            Self::Closed => Some(&Requirement::Nobody),
            Self::Asks(requirement) => Some(requirement),
        }
    }
}
