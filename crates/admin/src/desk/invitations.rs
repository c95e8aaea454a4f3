//! Links by which people set their password: for who is invited, and for who forgot it.

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::password_link::{EmailAddress, LinkKind, invitation, reset};
use serde_json::{Value, json};

use super::error::DeskError;
use super::{Act, NewUser};

impl Act<'_> {
    /// Adds an account without a password, and has its owner set one.
    pub(super) async fn invite(&self, user: &NewUser, email: &str) -> Result<Value, DeskError> {
        let email = parsed(email)?;
        let account = self.new_account_without_password(user)?;
        let (id, name) = (account.id.clone(), account.name.as_str().to_owned());
        self.add_account(account).await?;
        self.directory().password_links.set_email(&id, Some(email.clone())).await?;
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &id, "invited");
        let told = self.give_link(&id, LinkKind::Invite, Some(&email)).await?;
        Ok(json!({ "name": name, "roles": user.roles, "link": told, "mailed": told.is_null() }))
    }

    /// Has the owner of an account set another password; the one they have goes on until then.
    pub(super) async fn reset(&self, name: &str) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let email = self.directory().password_links.email(&account.id).await?;
        let told = self.give_link(&account.id, LinkKind::Reset, email.as_ref()).await?;
        let name = account.name.as_str();
        Ok(json!({ "name": name, "link": told, "mailed": told.is_null() }))
    }

    /// Sets where letters to an account go; nowhere for the empty text. Links from before no longer
    /// count: they may have gone to somebody else.
    pub(super) async fn set_email(&self, name: &str, email: &str) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let email = if email.is_empty() { None } else { Some(parsed(email)?) };
        let shown = email.as_ref().map(|email| email.as_str().to_owned());
        self.directory().password_links.set_email(&account.id, email).await?;
        self.directory().repositories.password_links.remove_all(&account.id).await?;
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, "got another address");
        Ok(json!({ "name": account.name.as_str(), "email": shown }))
    }

    /// The link, or nothing where it goes out by mail.
    async fn give_link(
        &self,
        user: &UserId,
        kind: LinkKind,
        email: Option<&EmailAddress>,
    ) -> Result<Value, DeskError> {
        let links = &self.directory().password_links;
        let link = links.issue(user, kind).await?;
        self.tell(&catalogue::IDENTITY_LINK_ISSUED, user, kind.as_str());
        let about = (user.as_str(), links.base());
        let letter = email.map(|email| match kind {
            LinkKind::Reset => reset(email, about, link.expose()),
            LinkKind::Invite => invitation(email, about, link.expose()),
        });
        let is_mailed = letter.is_some_and(|letter| links.send(letter));
        Ok(if is_mailed { Value::Null } else { Value::from(link.expose().as_str()) })
    }
}

fn parsed(email: &str) -> Result<EmailAddress, DeskError> {
    // What was typed is left out: the reason goes to the record.
    EmailAddress::parse(email)
        .map_err(|error| DeskError::invalid(error.to_string(), "give one plain address"))
}
