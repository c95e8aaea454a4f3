//! Who carries commands out, and for whom.

use std::fmt::{self, Debug};

use serde_json::Value;

use super::{Command, ControlError};

/// Who gave a command: a user of this machine, as the kernel says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The id of the user.
    pub uid: u32,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid:{}", self.uid)
    }
}

/// Carries commands out. May block: it is called on a thread of its own.
pub trait ControlHandler: Debug + Send + Sync {
    /// Carries out `command` for `actor` and says what came of it.
    ///
    /// # Errors
    /// [`ControlError`] when it cannot be carried out; nothing has changed then.
    fn handle(&self, command: &Command, actor: Actor) -> Result<Value, ControlError>;
}
