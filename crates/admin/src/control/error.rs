//! What goes wrong with commands.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlError {
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl ControlError {
    /// An error with what to do about it.
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  hint: {}", self.message, self.hint)
    }
}

impl std::error::Error for ControlError {}

impl From<mantlet_config::Complaint> for ControlError {
    fn from(complaint: mantlet_config::Complaint) -> Self {
        Self::new(complaint.message, complaint.hint)
    }
}
