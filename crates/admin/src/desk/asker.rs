//! Who asks at the desk, and what they hold themselves.

use mantlet_access::{Principal, Roles};
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::api_key::{Grants, Scopes};
use mantlet_identity::directory::{Caller, Way};

use super::error::{DeskError, Kind};
use crate::control::Actor;
use crate::scope;

/// Who asks at the desk. Nobody passes on more than they hold, nor acts on an account that may more
/// than their own.
#[derive(Debug, Clone)]
pub struct Asker {
    id: UserId,
    shown: String,
    holds: Holds,
}

#[derive(Debug, Clone)]
enum Holds {
    /// Everything: the operator.
    All,
    Only {
        /// What the roles of the account give.
        principal: Principal,
        /// What the credential names, scopes of the service API among it.
        scopes: Vec<String>,
    },
}

impl Asker {
    /// The operator of this machine.
    ///
    /// # Errors
    /// [`DeskError`]: never, as users of machines have numbers.
    pub fn operator(actor: Actor) -> Result<Self, DeskError> {
        let shown = actor.to_string();
        Ok(Self { id: UserId::parse(&shown)?, shown, holds: Holds::All })
    }

    /// A program that showed a key or a token: it acts for the account of that.
    #[must_use]
    pub fn program(caller: &Caller, roles: &Roles) -> Self {
        let names = caller.standing.roles.iter().map(String::as_str);
        let principal = roles.principal(caller.user.as_str(), names, None);
        let scopes = caller.scopes().unwrap_or_default().into_iter().map(str::to_owned).collect();
        let credential = match &caller.way {
            Way::ApiKey(key) => format!(" with key {}", key.id),
            Way::Token(token) => {
                format!(" with token {}", token.id.as_deref().unwrap_or("without id"))
            }
            Way::Session(_) | Way::Ticket(_) | Way::Certificate => String::new(),
        };
        let shown = format!("{}{credential}", caller.user);
        Self { id: caller.user.clone(), shown, holds: Holds::Only { principal, scopes } }
    }

    /// Who, for what is kept about acts.
    pub(super) const fn id(&self) -> &UserId {
        &self.id
    }

    /// Whether the credential names this scope of the service API.
    #[must_use]
    pub fn holds_scope(&self, name: &str) -> bool {
        match &self.holds {
            Holds::All => true,
            Holds::Only { scopes, .. } => scopes.iter().any(|scope| scope == name),
        }
    }

    /// Whether they may act on an account: with each of its roles, they hold what it gives.
    pub(super) fn may_act_on(&self, account: &Account, roles: &Roles) -> Result<(), DeskError> {
        self.may_act_on_roles(account.name.as_str(), &account.roles, roles)
    }

    /// The same of somebody who has no account here, and these roles at most.
    pub(super) fn may_act_on_roles(
        &self,
        name: &str,
        held: &[String],
        roles: &Roles,
    ) -> Result<(), DeskError> {
        self.may_give(held, roles).map_err(|error| {
            let name = name.escape_debug();
            let message = format!("`{name}` may more than your account: {}", error.message);
            DeskError { message, ..error }
        })
    }

    /// Whether they may give somebody these roles.
    pub(super) fn may_give(&self, names: &[String], roles: &Roles) -> Result<(), DeskError> {
        let Holds::Only { principal, .. } = &self.holds else { return Ok(()) };
        for name in names {
            // A name that is no role gives nothing.
            let missing = roles.missing_to_grant(principal, name).unwrap_or_default();
            if !missing.is_empty() {
                return Err(beyond(&missing));
            }
        }
        Ok(())
    }

    /// What they may pass on of `wanted`, to whoever issues credentials.
    pub(super) fn grants(&self, wanted: &Scopes, roles: &Roles) -> Grants {
        let Holds::Only { principal, .. } = &self.holds else { return Grants::All };
        let is_held = |name: &&str| match roles.permission(name) {
            Some(id) => principal.has(id),
            None => scope::is_one(name) && self.holds_scope(name),
        };
        // They are words, being those of `wanted`.
        Grants::Only(Scopes::new(wanted.iter().filter(is_held)).unwrap_or_default())
    }

    /// Whether they may pass on these.
    pub(super) fn may_pass_on(&self, wanted: &Scopes, roles: &Roles) -> Result<(), DeskError> {
        let missing = self.grants(wanted, roles);
        let missing = missing.missing(wanted);
        if missing.is_empty() { Ok(()) } else { Err(beyond(&missing)) }
    }
}

impl std::fmt::Display for Asker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

fn beyond(missing: &[&str]) -> DeskError {
    let message =
        format!("nobody can pass on more than they hold: `{}` is missing", missing.join("`, `"));
    DeskError::new(Kind::Forbidden, message, "use a credential of somebody who holds it")
}
