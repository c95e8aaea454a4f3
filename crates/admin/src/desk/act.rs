//! One act at the desk, and what all acts have in common.

use std::time::Duration;

use mantlet_access::{Principal, Roles};
use mantlet_event::{Entry, Event, field};
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::directory::Directory;
use mantlet_types::Timestamp;

use super::Desk;
use super::refused::{failed, unknown_user};
use crate::control::ControlError;

/// The most accounts of one answer.
pub(super) const PAGE: usize = 1000;

/// One act at the desk.
pub(super) struct Act<'a> {
    pub(super) desk: &'a Desk,
    pub(super) by: UserId,
}

impl Act<'_> {
    pub(super) fn directory(&self) -> &Directory {
        &self.desk.directory
    }

    pub(super) fn roles(&self) -> &Roles {
        &self.desk.roles
    }

    /// The account that signs in with this name.
    pub(super) async fn account(&self, name: &str) -> Result<Account, ControlError> {
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
    pub(super) async fn accounts(&self) -> Result<Vec<Account>, ControlError> {
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
    pub(super) async fn meant(&self, name: Option<&str>) -> Result<Vec<Account>, ControlError> {
        match name {
            Some(name) => Ok(vec![self.account(name).await?]),
            None => self.accounts().await,
        }
    }

    pub(super) fn principal(&self, account: &Account) -> Principal {
        let roles = account.roles.iter().map(String::as_str);
        self.roles().principal(account.id.as_str(), roles, None)
    }

    /// Until when the last of what an account was given now would live.
    pub(super) fn last_end(&self) -> Timestamp {
        let directory = self.directory();
        let sessions = directory.sessions.policy().lifetime;
        let tokens = directory.verifier.policy().max_lifetime;
        let longest = sessions.max(tokens).saturating_add(Duration::from_secs(60));
        directory.clock.now().checked_add(longest).unwrap_or(Timestamp::MAX)
    }

    /// One event about what was done.
    pub(super) fn tell(&self, entry: &'static Entry, user: &UserId, what: &'static str) {
        let Some(events) = &self.desk.events else { return };
        events.emit(
            Event::new(entry)
                .text(field::USER, user.as_str().to_owned())
                .text(field::ACTOR, self.by.as_str().to_owned())
                .text(field::MESSAGE, what),
        );
    }
}
