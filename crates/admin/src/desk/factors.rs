//! Second factors, as operators see and remove them.

use mantlet_event::catalogue;
use mantlet_identity::account::Account;
use mantlet_identity::passkey::{Passkey, PasskeyId};
use serde_json::{Value, json};

use super::Act;
use super::act::word_for;
use super::error::{DeskError, Kind};

/// What a clock is called.
const CLOCK: &str = "totp";

impl Act<'_> {
    pub(super) async fn list_factors(&self, name: &str) -> Result<Value, DeskError> {
        let account = self.account(name).await?;
        let directory = self.directory();
        let has_totp = directory.factors.has_totp(&account.id).await?;
        let recovery = directory.repositories.factors.recovery(&account.id).await?;
        let passkeys = directory.passkeys.list(&account.id).await?;
        Ok(json!({
            "name": account.name.as_str(),
            "totp": has_totp,
            "recovery_codes": recovery.map_or(0, |(_, left)| left),
            "passkeys": passkeys.iter().map(shown).collect::<Vec<_>>(),
            "version": self.version_of_factors(&account).await?,
        }))
    }

    /// A word for which second factors an account has: another one where they are others.
    pub(super) async fn version_of_factors(&self, account: &Account) -> Result<String, DeskError> {
        let directory = self.directory();
        let clock = directory.repositories.factors.totp(&account.id).await?;
        let clock = clock.map(|clock| clock.sealed).unwrap_or_default();
        let passkeys = directory.passkeys.list(&account.id).await?;
        let mut ids: Vec<String> = passkeys.iter().map(|passkey| passkey.id.to_string()).collect();
        ids.sort_unstable();
        Ok(word_for([account.id.as_str().as_bytes(), ids.join("\n").as_bytes(), &clock]))
    }

    /// Removes a clock (`totp`), a passkey by its id, or all; recovery codes go with the last of them.
    pub(super) async fn remove_factor(
        &self,
        name: &str,
        factor: Option<&str>,
    ) -> Result<Value, DeskError> {
        let account = self.subordinate(name).await?;
        let (directory, user) = (self.directory(), &account.id);
        let is_removed = match factor {
            None => {
                let had_some = directory.has_second_factor(user).await?;
                directory.factors.remove_all(user).await?;
                directory.passkeys.remove_all(user).await?;
                had_some
            }
            Some(CLOCK) => {
                let had_one = directory.factors.has_totp(user).await?;
                directory.factors.remove_all(user).await?;
                had_one
            }
            Some(id) => match PasskeyId::parse(id) {
                Some(id) => directory.passkeys.remove(user, &id).await?,
                None => false,
            },
        };
        if !is_removed {
            let message = format!("`{}` has no such second factor", account.name.as_str());
            let hint = "`mantlet user factors` lists what there is";
            return Err(DeskError::new(Kind::Unknown, message, hint));
        }
        if !directory.has_second_factor(user).await? {
            directory.factors.remove_all(user).await?;
        }
        self.tell(&catalogue::IDENTITY_FACTOR_REMOVED, user, "removed by the operator");
        self.list_factors(name).await
    }
}

fn shown(passkey: &Passkey) -> Value {
    json!({
        "id": passkey.id.to_string(),
        "label": passkey.label.as_str(),
        "host": passkey.host,
        "created": passkey.created.to_string(),
        "last_used": passkey.last_used.map(|at| at.to_string()),
    })
}
