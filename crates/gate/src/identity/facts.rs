//! What the route and the guards tell each other.

use std::sync::Arc;

use mantlet_access::{Access, Principal, Roles};
use mantlet_identity::directory::Caller;

use super::Thing;

/// What the path asks for: a fact of every exchange once anything asks for an identity anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is asked for.
    pub access: Access,
    /// The table that its names come from.
    pub roles: Arc<Roles>,
    /// What the path tells.
    pub thing: Thing,
}

/// Who asks: a fact, stated once their credential was verified.
#[derive(Debug, Clone)]
pub struct Identified(pub Arc<Caller>);

impl Identified {
    /// Their id, which is the name that they sign in with.
    #[must_use]
    pub fn user(&self) -> &str {
        self.0.user.as_str()
    }

    /// What they may, by the table of `roles`.
    #[must_use]
    pub fn principal(&self, roles: &Roles) -> Principal {
        let scopes = self.0.scopes();
        let names = self.0.standing.roles.iter().map(String::as_str);
        roles.principal(self.user(), names, scopes.as_deref())
    }
}

/// A session that the client showed and that does not count: a fact, with the reason for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lapsed(pub(crate) &'static str);
