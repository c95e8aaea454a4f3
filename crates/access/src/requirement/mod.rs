//! What a route asks for.

mod asks;
mod parse;

use std::fmt;
use std::time::Duration;

use mantlet_types::DataClass;

use crate::{PermissionId, RoleId, Roles};

/// What a route asks for. As text:
///
/// | text | asks for |
/// |---|---|
/// | `signed-in` | anybody whose identity was verified |
/// | `permission:read_project` | a permission |
/// | `role:admin` | a role, or one that inherits from it |
/// | `owner:user` | being the user that the fact `user` names: a parameter of the path, or what the application told |
/// | `class:confidential` | what data of this class asks for |
/// | `class` | the same, of the class that the application told; restricted when it did not |
/// | `within:5m` | having signed in not longer ago than that, by oneself |
/// | `second-factor` | having shown a second factor at the sign-in |
/// | `cedar:export` | what the policies permit who are asked about `Action::"export"` |
/// | `nobody` | something that nobody has |
/// | `… and …`, `… or …`, `( … )` | both, one of them; `and` binds closer |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// A verified identity.
    SignedIn,
    /// A permission.
    Permission(PermissionId),
    /// A role, or one that inherits from it.
    Role(RoleId),
    /// Being the user whom the fact of this name names.
    Owner(String),
    /// What data of a class asks for; `None` means the class among the facts.
    Class(Option<DataClass>),
    /// Having proved who they are not longer ago than this.
    Within(Duration),
    /// Having shown a second factor then.
    SecondFactor,
    /// What policies permit, asked by the name of an action.
    Policy(String),
    /// Nobody has it.
    Nobody,
    /// All of them.
    All(Vec<Self>),
    /// One of them.
    Any(Vec<Self>),
}

impl Requirement {
    /// Reads a requirement, with the names of `roles`.
    ///
    /// # Errors
    /// [`RequirementError`]: where it stops to make sense, and what was probably meant.
    pub fn parse(text: &str, roles: &Roles) -> Result<Self, RequirementError> {
        parse::parse(text, roles)
    }

    /// The requirement as text.
    #[must_use]
    pub fn describe(&self, roles: &Roles) -> String {
        let join = |list: &[Self], word: &str| {
            let parts: Vec<String> = list.iter().map(|part| part.describe(roles)).collect();
            format!("({})", parts.join(word))
        };
        match self {
            Self::SignedIn => "signed-in".to_owned(),
            Self::Permission(id) => format!("permission:{}", roles.permission_name(*id)),
            Self::Role(id) => format!("role:{}", roles.role_name(*id)),
            Self::Owner(fact) => format!("owner:{fact}"),
            Self::Class(Some(class)) => format!("class:{class}"),
            Self::Class(None) => "class".to_owned(),
            Self::Within(window) => format!("within:{}s", window.as_secs()),
            Self::SecondFactor => "second-factor".to_owned(),
            Self::Policy(action) => format!("cedar:{action}"),
            Self::Nobody => "nobody".to_owned(),
            Self::All(list) => join(list, " and "),
            Self::Any(list) => join(list, " or "),
        }
    }
}

/// Why a text is no requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequirementError {
    /// It stops to make sense here.
    Syntax {
        /// What stands there; empty at the end.
        found: String,
    },
    /// A name is not in the table of roles.
    Unknown {
        /// `permission`, `role` or `class`.
        kind: &'static str,
        /// The name.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// It is longer or deeper than any sensible one.
    TooLong,
}

impl fmt::Display for RequirementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { found } if found.is_empty() => f.write_str(
                "the requirement ends too early: write for example `permission:read and owner:user`",
            ),
            Self::Syntax { found } => write!(
                f,
                "`{}` does not belong there: write for example `permission:read and owner:user`",
                found.escape_debug()
            ),
            Self::Unknown { kind, name, nearest } => {
                write!(f, "there is no {kind} `{}`", name.escape_debug())?;
                nearest.as_ref().map_or(Ok(()), |name| write!(f, ", did you mean `{name}`?"))
            }
            Self::TooLong => f.write_str("the requirement is too long: give a role the permissions that it needs"),
        }
    }
}

impl std::error::Error for RequirementError {}
