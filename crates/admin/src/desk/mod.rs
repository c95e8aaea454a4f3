//! What an operator does with accounts, keys, sessions and tokens: the same acts whether a running
//! server is asked over its control socket or the command line opens the store itself.

mod ask;
mod keys;
mod refused;
mod sessions;
mod tokens;
mod users;

pub use ask::{Ask, NewUser, Typed};

use std::sync::Arc;
use std::time::Duration;

use mantlet_access::{Principal, Roles};
use mantlet_event::{Entry, Event, Events, field};
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::directory::Directory;
use mantlet_types::Timestamp;
use serde_json::Value;

use crate::control::{Actor, ControlError};
use refused::{failed, unknown_user};

/// The most accounts of one answer.
const PAGE: usize = 1000;

/// Who does it, and where.
#[derive(Debug, Clone)]
pub struct Desk {
    directory: Arc<Directory>,
    roles: Arc<Roles>,
    events: Option<Events>,
}

impl Desk {
    /// A desk over a directory, with the table of roles in force. `events`: where acts are told;
    /// `None` where no server runs.
    #[must_use]
    pub const fn new(directory: Arc<Directory>, roles: Arc<Roles>, events: Option<Events>) -> Self {
        Self { directory, roles, events }
    }

    /// Does what is asked, for `actor`, and says what came of it.
    ///
    /// # Errors
    /// [`ControlError`] when it cannot be done.
    pub async fn answer(&self, ask: &Ask, actor: Actor) -> Result<Value, ControlError> {
        let by = UserId::parse(&actor.to_string());
        let by = by.map_err(|error| ControlError::new(error.to_string(), "this is a defect"))?;
        let act = Act { desk: self, by };
        match ask {
            Ask::UserAdd { user } => act.add_user(user).await,
            Ask::UserImport { users } => act.import(users).await,
            Ask::UserPassword { name, password } => act.set_password(name, password.as_ref()).await,
            Ask::UserLock { name } => act.lock(name).await,
            Ask::UserUnlock { name, address } => act.unlock(name, *address).await,
            Ask::UserShow { name } => act.show_user(name).await,
            Ask::UserList { after } => act.list_users(after.as_deref()).await,
            Ask::RoleList => Ok(act.list_roles()),
            Ask::RoleSet { name, roles } => act.set_roles(name, roles).await,
            Ask::KeyIssue { user, label, scopes, networks, seconds } => {
                act.issue_key((user, label), scopes.as_deref(), networks, *seconds).await
            }
            Ask::KeyList { user } => act.list_keys(user.as_deref()).await,
            Ask::KeyRotate { id, grace } => act.rotate_key(id, *grace).await,
            Ask::KeyRevoke { id, why } => act.revoke_key(id, why).await,
            Ask::SessionList { user } => act.list_sessions(user.as_deref()).await,
            Ask::SessionEnd { user, handle } => {
                act.end_sessions(user.as_deref(), handle.as_deref()).await
            }
            Ask::TokenIssue { user, scopes, seconds } => {
                act.issue_token(user, scopes.as_deref(), *seconds).await
            }
            Ask::TokenVerify { token } => act.verify_token(token).await,
            Ask::TokenRevoke { token } => act.revoke_token(token).await,
        }
    }
}

/// One act at the desk.
struct Act<'a> {
    desk: &'a Desk,
    by: UserId,
}

impl Act<'_> {
    fn directory(&self) -> &Directory {
        &self.desk.directory
    }

    fn roles(&self) -> &Roles {
        &self.desk.roles
    }

    /// The account that signs in with this name.
    async fn account(&self, name: &str) -> Result<Account, ControlError> {
        let parsed = AccountName::parse(name).map_err(|error| {
            ControlError::new(
                format!("`{}`: {error}", name.escape_debug()),
                "see `mantlet user list`",
            )
        })?;
        let found = self.directory().accounts.find(&parsed).await.map_err(failed)?;
        found.ok_or_else(|| unknown_user(name))
    }

    /// Every account.
    async fn accounts(&self) -> Result<Vec<Account>, ControlError> {
        let mut all: Vec<Account> = Vec::new();
        loop {
            let after = all.last().map(|account| account.name.clone());
            let page =
                self.directory().accounts.list(after.as_ref(), PAGE).await.map_err(failed)?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The accounts that an act is about: one, or all.
    async fn meant(&self, name: Option<&str>) -> Result<Vec<Account>, ControlError> {
        match name {
            Some(name) => Ok(vec![self.account(name).await?]),
            None => self.accounts().await,
        }
    }

    fn principal(&self, account: &Account) -> Principal {
        let roles = account.roles.iter().map(String::as_str);
        self.roles().principal(account.id.as_str(), roles, None)
    }

    /// Until when the last of what an account was given now would live.
    fn last_end(&self) -> Timestamp {
        let directory = self.directory();
        let sessions = directory.sessions.policy().lifetime;
        let tokens = directory.verifier.policy().max_lifetime;
        let longest = sessions.max(tokens).saturating_add(Duration::from_secs(60));
        directory.clock.now().checked_add(longest).unwrap_or(Timestamp::MAX)
    }

    /// One event about what was done.
    fn tell(&self, entry: &'static Entry, user: &UserId, what: &'static str) {
        let Some(events) = &self.desk.events else { return };
        events.emit(
            Event::new(entry)
                .text(field::USER, user.as_str().to_owned())
                .text(field::ACTOR, self.by.as_str().to_owned())
                .text(field::MESSAGE, what),
        );
    }
}
