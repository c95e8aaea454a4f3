//! What an operator does with accounts, keys, sessions and tokens: the same acts whether a running
//! server is asked over its control socket or the command line opens the store itself.

mod act;
mod ask;
mod keys;
mod refused;
mod sessions;
mod tokens;
mod users;

pub use ask::{Ask, NewUser, Typed};

use std::sync::Arc;

use mantlet_access::Roles;
use mantlet_event::Events;
use mantlet_identity::UserId;
use mantlet_identity::directory::Directory;
use serde_json::Value;

use crate::control::{Actor, ControlError};
use act::Act;

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
