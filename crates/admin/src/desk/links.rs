//! Links between accounts and whom outside providers name, as operators set them.

use mantlet_event::catalogue;
use mantlet_identity::account::Account;
use mantlet_identity::provider::Link;
use mantlet_identity::store::StoreError;
use serde_json::{Value, json};

use super::act::word_for;
use super::error::{DeskError, Kind};
use super::{Act, NewLink};

/// The most links of one account, as its owner may have.
const MOST: usize = 20;
/// The longest text of a link, in characters.
const MAX_TEXT: usize = 2048;

impl Act<'_> {
    pub(super) async fn set_link(
        &self,
        wish: &NewLink,
        is_linked: bool,
    ) -> Result<Value, DeskError> {
        let account = self.subordinate(&wish.user).await?;
        for text in [&wish.issuer, &wish.subject] {
            let is_bounded = text.chars().nth(MAX_TEXT).is_none();
            if text.is_empty() || !is_bounded || text.chars().any(char::is_control) {
                let hint = "write issuer and subject as the provider does";
                return Err(DeskError::invalid("that is no link to a provider", hint));
            }
        }
        let links = &self.directory().repositories.links;
        if is_linked {
            let link = Link {
                issuer: wish.issuer.clone(),
                subject: wish.subject.clone(),
                user: account.id.clone(),
                is_made: false,
                created: self.directory().clock.now(),
            };
            links.add(link, MOST).await.map_err(|error| match error {
                StoreError::Conflict => {
                    let hint = "remove that link first, with `--remove`";
                    DeskError::new(Kind::Conflict, "this subject is linked already", hint)
                }
                error => error.into(),
            })?;
        } else if !links.remove(&account.id, &wish.issuer, &wish.subject).await? {
            let message = format!("`{}` has no such link", account.name.as_str());
            let hint = "write issuer and subject as they were linked";
            return Err(DeskError::new(Kind::Unknown, message, hint));
        }
        let why = if is_linked { "linked by the operator" } else { "unlinked by the operator" };
        self.tell(&catalogue::IDENTITY_ACCOUNT_CHANGED, &account.id, why);
        self.shown_links(&account).await
    }

    pub(super) async fn list_links(&self, name: &str) -> Result<Value, DeskError> {
        self.shown_links(&self.account(name).await?).await
    }

    async fn shown_links(&self, account: &Account) -> Result<Value, DeskError> {
        let links = self.directory().repositories.links.list(&account.id).await?;
        let shown = |link: &Link| json!({ "issuer": link.issuer, "subject": link.subject });
        Ok(json!({
            "name": account.name.as_str(),
            "links": links.iter().map(shown).collect::<Vec<_>>(),
            "version": self.version_of_links(account).await?,
        }))
    }

    /// A word for which links an account has: another one where they are others.
    pub(super) async fn version_of_links(&self, account: &Account) -> Result<String, DeskError> {
        let links = self.directory().repositories.links.list(&account.id).await?;
        let texts = links.iter().flat_map(|link| [link.issuer.as_str(), link.subject.as_str()]);
        Ok(word_for([account.id.as_str()].into_iter().chain(texts)))
    }
}
