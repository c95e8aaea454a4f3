//! Roles and permissions as they are written down.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// Roles and permissions as they are written down, in TOML:
///
/// ```toml
/// [permissions]
/// read_dashboard = "see the dashboard"
/// admin_users = "manage accounts"
///
/// [roles.user]
/// permissions = ["read_dashboard"]
///
/// [roles.admin]
/// inherits = ["user"]
/// permissions = ["admin_users"]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleTable {
    /// Every permission, and what it is for.
    #[serde(default)]
    pub permissions: BTreeMap<String, String>,
    /// Every role.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Roles of which it has all permissions.
    #[serde(default)]
    pub inherits: Vec<String>,
    /// Permissions of its own.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The most sensitive class of data that it may look at without belonging to it. What is
    /// restricted asks for an approval besides. `None` for none above internal.
    #[serde(default)]
    pub clearance: Option<String>,
}

impl RoleTable {
    /// Reads a table.
    ///
    /// # Errors
    /// [`RoleProblems`] with one problem, for text that is no such table.
    pub fn parse(text: &str) -> Result<Self, RoleProblems> {
        toml::from_str(text)
            .map_err(|error| RoleProblems(vec![RoleProblem::Text(error.message().to_owned())]))
    }
}

/// What is wrong with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleProblem {
    /// The text is no table of roles.
    Text(String),
    /// A name is no plain word.
    Name(String),
    /// A role names a permission that is not listed.
    UnknownPermission {
        /// The role.
        role: String,
        /// What it names.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A role inherits from one that is not there.
    UnknownRole {
        /// The role.
        role: String,
        /// What it names.
        name: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// A role is cleared for a class that there is not.
    UnknownClass {
        /// The role.
        role: String,
        /// What it names.
        name: String,
    },
    /// Roles inherit from each other in a circle; the first stands at the end again.
    Circle(Vec<String>),
    /// There are more permissions or roles than there may be; the number is the limit.
    TooMany(usize),
}

impl fmt::Display for RoleProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hint = |nearest: &Option<String>| {
            nearest.as_ref().map_or_else(String::new, |name| format!(", did you mean `{name}`?"))
        };
        match self {
            Self::Text(error) => write!(f, "not a table of roles: {}", error.trim()),
            Self::Name(name) => write!(
                f,
                "`{}` is no name: use letters, digits, `_`, `.` and `-`, at most 64",
                name.escape_debug()
            ),
            Self::UnknownPermission { role, name, nearest } => {
                write!(
                    f,
                    "role `{role}` names the permission `{name}`, which is not listed{}",
                    hint(nearest)
                )
            }
            Self::UnknownRole { role, name, nearest } => {
                write!(f, "role `{role}` inherits from `{name}`, which is no role{}", hint(nearest))
            }
            Self::UnknownClass { role, name } => write!(
                f,
                "role `{role}` is cleared for `{}`, which is no class: use `confidential` or `restricted`",
                name.escape_debug()
            ),
            Self::Circle(roles) => {
                write!(f, "roles inherit from each other in a circle: `{}`", roles.join("` → `"))
            }
            Self::TooMany(limit) => write!(f, "there may be at most {limit} of these"),
        }
    }
}

/// Everything that is wrong with a table, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleProblems(pub Vec<RoleProblem>);

impl fmt::Display for RoleProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, problem) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str("; ")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for RoleProblems {}
