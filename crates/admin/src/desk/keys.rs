//! API keys.

use std::time::Duration;

use mantlet_config::{Cidr, Complaint};
use mantlet_event::catalogue;
use mantlet_identity::account::Account;
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, Grants, Issuer, NewApiKey, Scopes};
use serde_json::{Value, json};

use super::Act;
use super::refused::{check_scopes, failed};
use crate::control::ControlError;

impl Act<'_> {
    pub(super) async fn issue_key(
        &self,
        (user, label): (&str, &str),
        scopes: Option<&[String]>,
        networks: &[String],
        seconds: Option<u64>,
    ) -> Result<Value, ControlError> {
        let account = self.account(user).await?;
        let networks: Result<Vec<_>, Complaint> =
            networks.iter().map(|text| text.parse::<Cidr>().map(|it| it.network())).collect();
        let wish = NewApiKey {
            owner: account.id.clone(),
            label: label.to_owned(),
            scopes: self.scopes(&account, scopes)?,
            networks: networks?,
            lifetime: seconds.map(Duration::from_secs),
        };
        let issuer = Issuer { id: self.by.clone(), holds: Grants::All };
        let issued = self.directory().api_keys.issue(wish, &issuer).await.map_err(failed)?;
        let id = issued.id();
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, "issued by the operator");
        let record = self.directory().repositories.api_keys.lookup(id).await.map_err(failed)?;
        let expires = record.map(|record| record.expires.to_string());
        let key = issued.reveal();
        Ok(
            json!({ "id": id.as_str(), "key": key.expose(), "user": account.id.as_str(), "expires": expires }),
        )
    }

    /// The scopes that were named, else every permission that the owner holds now.
    fn scopes(&self, owner: &Account, named: Option<&[String]>) -> Result<Scopes, ControlError> {
        let scopes = match named {
            Some(named) => {
                check_scopes(named, self.roles())?;
                Scopes::new(named.iter().map(String::as_str))
            }
            None => {
                let (roles, principal) = (self.roles(), self.principal(owner));
                let held = |name: &&str| roles.permission(name).is_some_and(|id| principal.has(id));
                Scopes::new(roles.permission_names().filter(held))
            }
        };
        scopes.map_err(failed)
    }

    pub(super) async fn list_keys(&self, user: Option<&str>) -> Result<Value, ControlError> {
        let mut keys = Vec::new();
        for account in self.meant(user).await? {
            let own = self.directory().api_keys.list(&account.id).await.map_err(failed)?;
            keys.extend(own.iter().map(|key| self.shown(key)));
        }
        Ok(json!({ "keys": keys }))
    }

    pub(super) async fn rotate_key(&self, id: &str, grace: u64) -> Result<Value, ControlError> {
        let record = self.key(id).await?;
        let grace = Duration::from_secs(grace);
        let issued = self.directory().api_keys.rotate(record.id, grace).await.map_err(failed)?;
        self.directory().forget_key(record.id);
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &record.owner, "rotated by the operator");
        let key = issued.reveal();
        Ok(json!({ "id": record.id.as_str(), "key": key.expose() }))
    }

    pub(super) async fn revoke_key(&self, id: &str, why: &str) -> Result<Value, ControlError> {
        let record = self.key(id).await?;
        let revoked = self.directory().api_keys.revoke(record.id, &self.by, why).await;
        revoked.map_err(|error| {
            ControlError::new(error.to_string(), "`mantlet key list` shows what became of it")
        })?;
        self.directory().forget_key(record.id);
        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &record.owner, "revoked by the operator");
        Ok(json!({ "id": record.id.as_str(), "revoked": true }))
    }

    async fn key(&self, id: &str) -> Result<std::sync::Arc<ApiKeyRecord>, ControlError> {
        let unknown = || {
            let shown: String = id.chars().take(20).collect();
            let message = format!("there is no key `{}`", shown.escape_debug());
            ControlError::new(
                message,
                "`mantlet key list` shows ids: the 12 characters in the middle of a key",
            )
        };
        let parsed = ApiKeyId::parse(id).ok_or_else(unknown)?;
        let found = self.directory().repositories.api_keys.lookup(parsed).await.map_err(failed)?;
        found.ok_or_else(unknown)
    }

    fn shown(&self, key: &ApiKeyRecord) -> Value {
        let now = self.directory().clock.now();
        let state = match (&key.revoked, key.is_in_force(now)) {
            (Some(_), _) => "revoked",
            (None, true) => "active",
            (None, false) => "expired",
        };
        let scopes: Vec<&str> = key.scopes.iter().collect();
        let networks: Vec<String> = key.networks.iter().map(ToString::to_string).collect();
        json!({
            "id": key.id.as_str(),
            "user": key.owner.as_str(),
            "label": key.label,
            "state": state,
            "scopes": scopes,
            "networks": networks,
            "created": key.created.to_string(),
            "expires": key.expires.to_string(),
            "last_used": key.last_used.map(|at| at.to_string()),
            "secrets": key.versions.len(),
            "revoked": key.revoked.as_ref().map(|trace| {
                json!({ "at": trace.at.to_string(), "by": trace.by.as_str(), "why": trace.why })
            }),
        })
    }
}
