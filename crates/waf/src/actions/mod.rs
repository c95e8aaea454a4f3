//! Actions: what a rule does when it matches.

pub(crate) mod control;
pub(crate) mod list;
pub(crate) mod set_var;
pub(crate) mod severity;

pub(crate) use control::Control;
pub(crate) use list::{Action, AllowScope, Note, Sanitise};
pub(crate) use set_var::{Change, SetVar};
