//! What an operator does with accounts, keys, sessions and tokens: the same acts whether a running
//! server is asked over its control socket or the command line opens the store itself.

mod access;
mod act;
mod approvals;
mod ask;
mod asker;
mod error;
mod factors;
mod invitations;
mod keys;
mod links;
mod path;
mod sessions;
mod tokens;
mod users;

pub use access::{AskedFacts, Question};
pub use approvals::approval_of;
pub use ask::{Ask, NewGrant, NewLink, NewUser, Page, Typed};
pub use asker::Asker;
pub use error::{DeskError, Kind};
pub use path::{PathQuestion, PathRule, explain_path};

use std::sync::Arc;

use mantlet_access::{Roles, SharedPolicies};
use mantlet_event::Events;
use mantlet_identity::UserId;
use mantlet_identity::account::AccountName;
use mantlet_identity::directory::Directory;
use serde_json::Value;

use crate::control::{Actor, ControlError};
use act::Act;

/// Who does it, and where.
#[derive(Debug, Clone)]
pub struct Desk {
    directory: Arc<Directory>,
    roles: Arc<Roles>,
    policies: Option<SharedPolicies>,
    events: Option<Events>,
}

impl Desk {
    /// A desk over a directory, with the table of roles in force. `events`: where acts are told;
    /// `None` where no server runs.
    #[must_use]
    pub const fn new(directory: Arc<Directory>, roles: Arc<Roles>, events: Option<Events>) -> Self {
        Self { directory, roles, policies: None, events }
    }

    /// The same, with policies in force besides; `None` where there are none.
    #[must_use]
    pub fn with_policies(self, policies: Option<SharedPolicies>) -> Self {
        Self { policies, ..self }
    }

    /// Does what the operator of this machine asks, and says what came of it.
    ///
    /// # Errors
    /// [`ControlError`] when it cannot be done.
    pub async fn answer(&self, ask: &Ask, actor: Actor) -> Result<Value, ControlError> {
        let asker = Asker::operator(actor)?;
        Ok(self.answer_to(ask, &asker, None).await?)
    }

    /// Does what is asked by `asker`, and says what came of it. `version`: only where the account
    /// that it is about is still as it was then.
    ///
    /// # Errors
    /// [`DeskError`] when it cannot be done; nothing has changed then.
    pub async fn answer_to(
        &self,
        ask: &Ask,
        asker: &Asker,
        version: Option<&str>,
    ) -> Result<Value, DeskError> {
        let act = Act { desk: self, asker };
        let name = ask.user().filter(|_| ask.is_change());
        let parsed = name.and_then(|name| AccountName::parse(name).ok());
        let id = parsed.and_then(|name| UserId::parse(name.as_str()).ok());
        let _turn = match &id {
            Some(id) => self.directory.turns.take(id).await,
            None => None,
        };
        if let (Some(name), Some(version)) = (name, version) {
            act.expect(ask, name, version).await?;
        }
        act.answer(ask).await
    }
}

impl Act<'_> {
    #[expect(clippy::cognitive_complexity, reason = "one line for each act")]
    async fn answer(&self, ask: &Ask) -> Result<Value, DeskError> {
        match ask {
            Ask::UserAdd { user } => self.add_user(user).await,
            Ask::UserImport { users } => self.import(users).await,
            Ask::UserPassword { name, password } => {
                self.set_password(name, password.as_ref()).await
            }
            Ask::UserInvite { user, email } => self.invite(user, email).await,
            Ask::UserReset { name } => self.reset(name).await,
            Ask::UserEmail { name, email } => self.set_email(name, email).await,
            Ask::UserLock { name } => self.lock(name).await,
            Ask::UserUnlock { name, address } => self.unlock(name, *address).await,
            Ask::UserRetire { name } => self.retire(name).await,
            Ask::UserShow { name } => self.show_user(name).await,
            Ask::UserList { after, most } => self.list_users(after.as_deref(), *most).await,
            Ask::FactorList { name } => self.list_factors(name).await,
            Ask::FactorRemove { name, factor } => self.remove_factor(name, factor.as_deref()).await,
            Ask::LinkList { name } => self.list_links(name).await,
            Ask::LinkSet { link, is_linked } => self.set_link(link, *is_linked).await,
            Ask::RoleList => Ok(self.list_roles()),
            Ask::RoleSet { name, roles } => self.set_roles(name, roles).await,
            Ask::KeyIssue { user, label, scopes, networks, seconds } => {
                self.issue_key((user, label), scopes.as_deref(), networks, *seconds).await
            }
            Ask::KeyList { user, page } => self.list_keys(user.as_deref(), page.as_ref()).await,
            Ask::KeyShow { id } => self.show_key(id).await,
            Ask::KeyRotate { id, grace } => self.rotate_key(id, *grace).await,
            Ask::KeyRevoke { id, why } => self.revoke_key(id, why).await,
            Ask::SessionList { user, page } => {
                self.list_sessions(user.as_deref(), page.as_ref()).await
            }
            Ask::SessionEnd { user, handle } => {
                self.end_sessions(user.as_deref(), handle.as_deref()).await
            }
            Ask::TokenIssue { user, scopes, seconds, client } => {
                self.issue_token(user, scopes.as_deref(), *seconds, client.as_deref()).await
            }
            Ask::TokenRefresh { token } => self.refresh_token(token).await,
            Ask::TokenVerify { token } => self.verify_token(token).await,
            Ask::TokenRevoke { token } => self.revoke_token(token).await,
            Ask::TokenRevokeAll { user } => self.revoke_tokens_of(user).await,
            Ask::TicketIssue { user, origin, scopes, seconds } => {
                self.issue_ticket((user, origin), scopes.as_deref(), *seconds).await
            }
            Ask::AccessApprove { grant } => self.approve(grant).await,
            Ask::AccessApprovals { user, after, most } => {
                self.list_approvals(user.as_deref(), *after, *most).await
            }
            Ask::AccessWithdraw { number, why } => self.withdraw(*number, why).await,
        }
    }
}
