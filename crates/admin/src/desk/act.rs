//! One act at the desk, and what all acts have in common.

use std::future::Future;
use std::pin::Pin;

use mantlet_access::{Principal, Roles};
use mantlet_event::{Entry, Event, field};
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::directory::Directory;
use mantlet_identity::password_link::EmailAddress;

use super::Desk;
use super::error::{DeskError, Kind, unknown_user};
use super::{Ask, Asker, Page};

/// The most accounts of one answer.
pub(super) const PAGE: usize = 1000;

/// The most accounts that are looked at for one part of what belongs to them.
const LOOKS: usize = 200;

/// What belongs to an account, later.
pub(super) type Listed<'a, T> =
    Pin<Box<dyn Future<Output = Result<Vec<T>, DeskError>> + Send + 'a>>;

/// One act at the desk.
pub(super) struct Act<'a> {
    pub(super) desk: &'a Desk,
    pub(super) asker: &'a Asker,
}

impl Act<'_> {
    /// Who does it, for what is kept about acts.
    pub(super) const fn by(&self) -> &UserId {
        self.asker.id()
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.desk.directory
    }

    pub(super) fn roles(&self) -> &Roles {
        &self.desk.roles
    }

    /// The account that signs in with this name.
    pub(super) async fn account(&self, name: &str) -> Result<Account, DeskError> {
        // What cannot be a name is that of no account.
        let parsed = AccountName::parse(name).map_err(|_| unknown_user(name))?;
        let found = self.directory().accounts.find(&parsed).await?;
        found.ok_or_else(|| unknown_user(name))
    }

    /// The same, of somebody whom whoever asks may act on.
    pub(super) async fn subordinate(&self, name: &str) -> Result<Account, DeskError> {
        let account = self.account(name).await?;
        self.asker.may_act_on(&account, self.roles())?;
        Ok(account)
    }

    /// What an act changes of an account is still as it was when whoever asks looked at it.
    pub(super) async fn expect(
        &self,
        ask: &Ask,
        name: &str,
        version: &str,
    ) -> Result<(), DeskError> {
        let account = self.account(name).await?;
        let now = match ask {
            Ask::FactorRemove { .. } => self.version_of_factors(&account).await?,
            Ask::LinkSet { .. } => self.version_of_links(&account).await?,
            _ => self.version_of(&account).await?,
        };
        if version == now {
            return Ok(());
        }
        let message = format!("the account `{}` has changed meanwhile", name.escape_debug());
        Err(DeskError::new(Kind::Changed, message, "look at it again"))
    }

    /// Every account.
    pub(super) async fn accounts(&self) -> Result<Vec<Account>, DeskError> {
        let mut all: Vec<Account> = Vec::new();
        loop {
            let after = all.last().map(|account| account.name.clone());
            let page = self.directory().accounts.list(after.as_ref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The accounts that an act is about: one, or all.
    pub(super) async fn meant(&self, name: Option<&str>) -> Result<Vec<Account>, DeskError> {
        match name {
            Some(name) => Ok(vec![self.account(name).await?]),
            None => self.accounts().await,
        }
    }

    /// What belongs to the accounts that are meant, as `of` has it; and, of a part of it, the account
    /// that the next part comes after: `None` when that was all.
    pub(super) async fn belongings<'s, T>(
        &'s self,
        user: Option<&str>,
        page: Option<&Page>,
        of: impl Fn(UserId) -> Listed<'s, T>,
    ) -> Result<(Vec<T>, Option<String>), DeskError> {
        let (accounts, most) = match (user, page) {
            (None, Some(page)) => {
                let after = page.after.as_deref().map(AccountName::parse).transpose()?;
                (self.directory().accounts.list(after.as_ref(), LOOKS).await?, page.most)
            }
            (user, _) => (self.meant(user).await?, usize::MAX),
        };
        let is_full = accounts.len() == LOOKS && most < usize::MAX;
        let mut found = Vec::new();
        for (place, account) in accounts.iter().enumerate() {
            found.extend(of(account.id.clone()).await?);
            let is_last = place.saturating_add(1) == accounts.len();
            if (found.len() >= most && !is_last) || (is_last && is_full) {
                return Ok((found, Some(account.name.as_str().to_owned())));
            }
        }
        Ok((found, None))
    }

    /// A word for how an account is, as far as the desk changes it: another one after every change.
    pub(super) async fn version_of(&self, account: &Account) -> Result<String, DeskError> {
        let email = self.directory().password_links.email(&account.id).await?;
        Ok(version_with(account, email.as_ref()))
    }

    pub(super) fn principal(&self, account: &Account) -> Principal {
        let roles = account.roles.iter().map(String::as_str);
        self.roles().principal(account.id.as_str(), roles, None)
    }

    /// One event about what was done.
    pub(super) fn tell(&self, entry: &'static Entry, user: &UserId, what: &'static str) {
        let Some(events) = &self.desk.events else { return };
        events.emit(
            Event::new(entry)
                .text(field::USER, user.as_str().to_owned())
                .text(field::ACTOR, self.asker.to_string())
                .text(field::MESSAGE, what),
        );
    }
}

/// The version of an account with this address.
pub(super) fn version_with(account: &Account, email: Option<&EmailAddress>) -> String {
    let password = account.password.as_ref().map_or("", |hash| hash.expose());
    let roles = account.roles.join("\n");
    let state = if account.is_active { "open" } else { "closed" };
    let not_before = account.not_before.map(|at| at.to_string()).unwrap_or_default();
    let email = email.map_or("", EmailAddress::as_str);
    word_for([account.id.as_str(), &roles, state, password, &not_before, email])
}

/// A word for these parts, none but the last with a NUL in it: another one where they are others.
pub(super) fn word_for(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let parts: Vec<_> = parts.into_iter().collect();
    let parts: Vec<&[u8]> = parts.iter().map(AsRef::as_ref).collect();
    let hash = mantlet_crypto::sha256(&parts.join(&0));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
