//! Accounts and their roles.

use std::net::IpAddr;

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName, PasswordHash};
use mantlet_identity::password::PasswordContext;
use mantlet_identity::password_link::EmailAddress;
use mantlet_identity::store::StoreError;
use mantlet_types::Secret;
use serde_json::{Value, json};

use super::act::{PAGE, version_with};
use super::error::{DeskError, Kind, check_roles};
use super::{Act, NewUser, Typed};

/// The most characters of a hash that is imported.
const MAX_HASH: usize = 1024;

impl Act<'_> {
    pub(super) async fn add_user(&self, user: &NewUser) -> Result<Value, DeskError> {
        let (account, made) = self.new_account(user).await?;
        let (id, name) = (account.id.clone(), account.name.as_str().to_owned());
        self.add_account(account).await?;
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &id, "added");
        let password = made.as_ref().map(|made| made.expose().as_str());
        Ok(json!({ "name": name, "roles": user.roles, "password": password }))
    }

    pub(super) async fn add_account(&self, account: Account) -> Result<(), DeskError> {
        let name = account.name.as_str().to_owned();
        match self.directory().accounts.add(account).await {
            Ok(()) => Ok(()),
            Err(StoreError::Conflict) => {
                let message = format!("there is an account `{name}` already");
                let hint = "`mantlet user password` gives it another password, `mantlet role set` other roles";
                Err(DeskError::new(Kind::Conflict, message, hint))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The account, and its password where that was made here.
    async fn new_account(
        &self,
        user: &NewUser,
    ) -> Result<(Account, Option<Secret<String>>), DeskError> {
        let account = self.new_account_without_password(user)?;
        let (hash, made) = match &user.password_hash {
            Some(hash) => (imported(hash)?, None),
            None => self.hash(&account.name, user.password.as_ref()).await?,
        };
        Ok((Account { password: Some(hash), ..account }, made))
    }

    /// The account, in which nobody can sign in yet.
    pub(super) fn new_account_without_password(
        &self,
        user: &NewUser,
    ) -> Result<Account, DeskError> {
        let name = AccountName::parse(&user.name).map_err(|error| {
            let message = format!("`{}`: {error}", user.name.escape_debug());
            DeskError::invalid(message, "use for example `alice` or `alice@example.org`")
        })?;
        if name.as_str().contains(':') {
            let message = format!("`{}` holds a colon", name.as_str().escape_debug());
            let hint = "names with a colon are those of issuers outside and of certificates";
            return Err(DeskError::invalid(message, hint));
        }
        let id = UserId::parse(name.as_str())?;
        check_roles(&user.roles, self.roles())?;
        self.asker.may_give(&user.roles, self.roles())?;
        Ok(Account {
            id,
            name,
            password: None,
            roles: user.roles.clone(),
            is_active: true,
            has_second_factor: false,
            created: self.directory().clock.now(),
            last_signin: None,
            not_before: None,
        })
    }

    /// The hash of a password, and the password where none was given and one was made.
    async fn hash(
        &self,
        name: &AccountName,
        given: Option<&Typed>,
    ) -> Result<(PasswordHash, Option<Secret<String>>), DeskError> {
        let words = [name.as_str()];
        let context = PasswordContext { has_second_factor: false, words: &words };
        let policy = &self.directory().password_policy;
        let (new, made) = match given {
            Some(typed) => {
                let new = policy.check(&Secret::new(typed.0.clone()), &context);
                let new = new.map_err(|problems| {
                    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                    let message = format!("the password is not taken: {}", told.join("; "));
                    DeskError::invalid(
                        message,
                        "choose another, or have one made: leave --password-stdin out",
                    )
                })?;
                (new, None)
            }
            None => {
                let made = policy.generate(&context, &*self.directory().rng);
                let (text, new) = made.ok_or_else(|| {
                    let hint = "lower `[identity.passwords] min_length`, or give a password";
                    DeskError::invalid("no password could be made that is long enough", hint)
                })?;
                (new, Some(text))
            }
        };
        let hash = self.directory().passwords.hash(&new).await?;
        Ok((hash, made))
    }

    pub(super) async fn import(&self, users: &[NewUser]) -> Result<Value, DeskError> {
        let (mut added, mut skipped) = (Vec::new(), Vec::new());
        for user in users {
            match self.add_user(user).await {
                Ok(user) => added.push(user),
                Err(error) => skipped.push(json!({ "name": user.name, "why": error.message })),
            }
        }
        Ok(json!({ "added": added, "skipped": skipped }))
    }

    pub(super) async fn set_password(
        &self,
        name: &str,
        password: Option<&Typed>,
    ) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let (hash, made) = self.hash(&account.name, password).await?;
        let directory = self.directory();
        let now = directory.clock.now();
        directory.accounts.set_password(&account.id, hash, now, None).await?;
        self.end_everything(&account.id, "the operator set a password").await?;
        self.tell(&catalogue::IDENTITY_PASSWORD_CHANGED, &account.id, "set by the operator");
        let password = made.as_ref().map(|made| made.expose().as_str());
        Ok(json!({ "name": account.name.as_str(), "password": password }))
    }

    pub(super) async fn lock(&self, name: &str) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let directory = self.directory();
        let now = directory.clock.now();
        directory.accounts.set_active(&account.id, false, now).await?;
        let ended = self.end_everything(&account.id, "the account was locked").await?;
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, "locked");
        Ok(json!({ "name": account.name.as_str(), "locked": true, "ended": ended }))
    }

    /// Ends sessions, tokens and running connections of an account; how many sessions.
    async fn end_everything(&self, user: &UserId, why: &str) -> Result<usize, DeskError> {
        let directory = self.directory();
        directory.forget(user);
        let until = directory.last_end();
        directory.revocations.end_user(user, until, self.by(), why).await?;
        Ok(directory.sessions.end_all(user, None, self.by(), why).await?)
    }

    pub(super) async fn unlock(
        &self,
        name: &str,
        address: Option<IpAddr>,
    ) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let directory = self.directory();
        let now = directory.clock.now();
        directory.accounts.set_active(&account.id, true, now).await?;
        directory.lockout.unlock(&account.name, address);
        directory.forget(&account.id);
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, "unlocked");
        Ok(json!({ "name": account.name.as_str(), "locked": false }))
    }

    pub(super) async fn show_user(&self, name: &str) -> Result<Value, DeskError> {
        self.described(&self.account(name).await?).await
    }

    /// What locking does, and its keys, its password, its second factors and its roles are gone.
    pub(super) async fn retire(&self, name: &str) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let (directory, why) = (self.directory(), "the account was closed for good");
        let now = directory.clock.now();
        directory.accounts.retire(&account.id, now).await?;
        let ended = self.end_everything(&account.id, why).await?;
        for key in directory.api_keys.list(&account.id).await? {
            if key.is_in_force(now) {
                directory.api_keys.revoke(key.id, self.by(), why).await?;
                directory.forget_key(key.id);
            }
        }
        directory.factors.remove_all(&account.id).await?;
        directory.passkeys.remove_all(&account.id).await?;
        directory.repositories.links.remove_all(&account.id).await?;
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, "closed for good");
        Ok(json!({ "name": account.name.as_str(), "retired": true, "ended": ended }))
    }

    pub(super) async fn list_users(
        &self,
        after: Option<&str>,
        most: Option<usize>,
    ) -> Result<Value, DeskError> {
        let after = after.map(AccountName::parse).transpose()?;
        let most = most.unwrap_or(PAGE).clamp(1, PAGE);
        // One more than is shown says whether there are more.
        let asked = most.saturating_add(1);
        let mut accounts = self.directory().accounts.list(after.as_ref(), asked).await?;
        let is_more = accounts.len() > most;
        accounts.truncate(most);
        let mut users = Vec::with_capacity(accounts.len());
        for account in &accounts {
            users.push(self.described(account).await?);
        }
        Ok(json!({ "more": is_more, "users": users }))
    }

    pub(super) fn list_roles(&self) -> Value {
        let roles = self.roles();
        let roles: Vec<Value> = roles
            .role_names()
            .map(|name| {
                let permissions: Vec<&str> = roles.permissions_of(name).collect();
                json!({ "name": name, "permissions": permissions })
            })
            .collect();
        json!({ "roles": roles })
    }

    pub(super) async fn set_roles(&self, name: &str, roles: &[String]) -> Result<Value, DeskError> {
        check_roles(roles, self.roles())?;
        self.asker.may_give(roles, self.roles())?;
        let account = self.subordinate(name).await?;
        let directory = self.directory();
        directory.accounts.set_roles(&account.id, roles.to_vec()).await?;
        directory.forget(&account.id);
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, "got other roles");
        self.show_user(name).await
    }

    async fn described(&self, account: &Account) -> Result<Value, DeskError> {
        let email = self.directory().password_links.email(&account.id).await?;
        Ok(json!({
            "name": account.name.as_str(),
            "email": email.as_ref().map(EmailAddress::as_str),
            "roles": account.roles,
            "locked": !account.is_active,
            "second_factor": self.directory().has_second_factor(&account.id).await?,
            "version": version_with(account, email.as_ref()),
            "created": account.created.to_string(),
            "last_sign_in": account.last_signin.map(|at| at.to_string()),
        }))
    }
}

/// A hash of an application before us; whether it can be read shows at the first sign-in.
fn imported(hash: &Typed) -> Result<PasswordHash, DeskError> {
    let text = hash.0.trim();
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > MAX_HASH || !is_plain {
        let hint = "give it as the application stored it, for example `pbkdf2:sha256:600000$…`";
        return Err(DeskError::invalid("that is no hash of a password", hint));
    }
    Ok(PasswordHash::new(text.to_owned()))
}
