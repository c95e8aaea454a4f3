//! What the route and the guards tell each other.

use std::sync::{Arc, OnceLock};

use mantlet_access::{Access, Principal, Roles, SharedPolicies};
use mantlet_identity::directory::Caller;

use super::Thing;
use super::vouch::Vouched;

/// What the path asks for: a fact of every exchange once anything asks for an identity anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What is asked for.
    pub access: Access,
    /// The table that its names come from.
    pub roles: Arc<Roles>,
    /// What the path tells.
    pub thing: Thing,
    /// The policies that it asks; `None` where there are none.
    pub policies: Option<SharedPolicies>,
}

/// Who asks: a fact, stated once their credential was verified. Requests that follow each other share
/// one, and with it what was worked out of it.
#[derive(Debug)]
pub struct Identified {
    /// They.
    pub caller: Arc<Caller>,
    /// What they may, by the table that asked first.
    principal: OnceLock<(Arc<Roles>, Arc<Principal>)>,
    /// What the application is told of them, by whom it was told first.
    pub(super) vouched: OnceLock<Vouched>,
}

impl Identified {
    /// Somebody who was verified.
    #[must_use]
    pub const fn new(caller: Arc<Caller>) -> Self {
        Self { caller, principal: OnceLock::new(), vouched: OnceLock::new() }
    }

    /// Their id, which is the name that they sign in with.
    #[must_use]
    pub fn user(&self) -> &str {
        self.caller.user.as_str()
    }

    /// What they may, by the table of `roles`.
    #[must_use]
    pub fn principal(&self, roles: &Arc<Roles>) -> Arc<Principal> {
        let made = || (Arc::clone(roles), Arc::new(principal_of(&self.caller, roles)));
        match self.principal.get_or_init(made) {
            (own, principal) if Arc::ptr_eq(own, roles) => Arc::clone(principal),
            // The configuration has another table since.
            _ => Arc::new(principal_of(&self.caller, roles)),
        }
    }
}

/// What somebody may, by the table of `roles`.
pub(crate) fn principal_of(caller: &Caller, roles: &Roles) -> Principal {
    let scopes = caller.scopes();
    let names = caller.standing.roles.iter().map(String::as_str);
    roles.principal(caller.user.as_str(), names, scopes.as_deref())
}

/// A session that the client showed and that does not count: a fact, with the reason for the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lapsed(pub(crate) &'static str);
