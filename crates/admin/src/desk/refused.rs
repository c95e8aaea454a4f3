//! What the operator is told when it was not done.

use std::fmt::Display;

use mantlet_access::Roles;

use crate::control::ControlError;

/// Something below did not do it.
pub(super) fn failed(error: impl Display) -> ControlError {
    ControlError::new(error.to_string(), "correct this and try again")
}

pub(super) fn unknown_user(name: &str) -> ControlError {
    let message = format!("there is no account `{}`", name.escape_debug());
    ControlError::new(message, "`mantlet user list` shows them, `mantlet user add` adds one")
}

/// Every name must be a role of the table.
pub(super) fn check_roles(names: &[String], roles: &Roles) -> Result<(), ControlError> {
    match names.iter().find(|name| roles.role(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = roles.role_names().collect();
            let message = format!("there is no role `{}`", name.escape_debug());
            Err(ControlError::new(message, format!("use one of {}", known.join(", "))))
        }
    }
}

/// Every name must be a permission of the table.
pub(super) fn check_scopes(names: &[String], roles: &Roles) -> Result<(), ControlError> {
    match names.iter().find(|name| roles.permission(name).is_none()) {
        None => Ok(()),
        Some(name) => {
            let known: Vec<&str> = roles.permission_names().collect();
            let message = format!("there is no permission `{}`", name.escape_debug());
            Err(ControlError::new(message, format!("use one of {}", known.join(", "))))
        }
    }
}
