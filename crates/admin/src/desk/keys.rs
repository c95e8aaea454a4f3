//! API keys.

use std::time::Duration;

use mantlet_config::{Cidr, Complaint};
use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, Issuer, NewApiKey, Scopes};
use serde_json::{Value, json};

use super::act::Listed;
use super::error::{DeskError, Kind, check_scopes};
use super::{Act, Page};

impl Act<'_> {
    pub(super) async fn issue_key(
        &self,
        (user, label): (&str, &str),
        scopes: Option<&[String]>,
        networks: &[String],
        seconds: Option<u64>,
    ) -> Result<Value, DeskError> {
        let account = self.subordinate(user).await?;
        let networks: Result<Vec<_>, Complaint> =
            networks.iter().map(|text| text.parse::<Cidr>().map(|it| it.network())).collect();
        let wish = NewApiKey {
            owner: account.id.clone(),
            label: label.to_owned(),
            scopes: self.scopes(&account, scopes)?,
            networks: networks?,
            lifetime: seconds.map(Duration::from_secs),
        };
        let holds = self.asker.grants(&wish.scopes, self.roles());
        let (roles, principal) = (self.roles(), self.principal(&account));
        let is_idle = |name: &&str| roles.permission(name).is_some_and(|id| !principal.has(id));
        let idle: Vec<String> = wish.scopes.iter().filter(is_idle).map(str::to_owned).collect();
        let issuer = Issuer { id: self.by().clone(), holds };
        let issued = self.directory().api_keys.issue(wish, &issuer).await?;
        let id = issued.id();
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, "issued by the operator");
        let record = self.directory().repositories.api_keys.lookup(id).await?;
        let expires = record.map(|record| record.expires.to_string());
        let key = issued.reveal();
        Ok(json!({
            "id": id.as_str(), "key": key.expose(), "user": account.id.as_str(), "expires": expires,
            "idle_scopes": idle,
        }))
    }

    /// The scopes that were named, else every permission that the owner holds now.
    fn scopes(&self, owner: &Account, named: Option<&[String]>) -> Result<Scopes, DeskError> {
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
        Ok(scopes?)
    }

    pub(super) async fn list_keys(
        &self,
        user: Option<&str>,
        page: Option<&Page>,
    ) -> Result<Value, DeskError> {
        let own = |owner: UserId| -> Listed<'_, Value> {
            Box::pin(async move {
                let own = self.directory().api_keys.list(&owner).await?;
                Ok(own.iter().map(|key| self.shown(key)).collect())
            })
        };
        let (keys, next) = self.belongings(user, page, own).await?;
        Ok(json!({ "keys": keys, "next": next }))
    }

    pub(super) async fn show_key(&self, id: &str) -> Result<Value, DeskError> {
        Ok(self.shown(&*self.key(id).await?))
    }

    pub(super) async fn rotate_key(&self, id: &str, grace: u64) -> Result<Value, DeskError> {
        let record = self.key(id).await?;
        // Its new secret is worth as much as a key issued anew.
        self.subordinate(record.owner.as_str()).await?;
        self.asker.may_pass_on(&record.scopes, self.roles())?;
        let grace = Duration::from_secs(grace);
        let issued = self.directory().api_keys.rotate(record.id, grace).await?;
        self.directory().forget_key(record.id);
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &record.owner, "rotated by the operator");
        let key = issued.reveal();
        let expires = record.expires.to_string();
        let user = record.owner.as_str();
        Ok(
            json!({ "id": record.id.as_str(), "key": key.expose(), "user": user, "expires": expires }),
        )
    }

    pub(super) async fn revoke_key(&self, id: &str, why: &str) -> Result<Value, DeskError> {
        let record = self.key(id).await?;
        self.subordinate(record.owner.as_str()).await?;
        self.directory().api_keys.revoke(record.id, self.by(), why).await?;
        self.directory().forget_key(record.id);
        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &record.owner, "revoked by the operator");
        Ok(json!({ "id": record.id.as_str(), "revoked": true }))
    }

    async fn key(&self, id: &str) -> Result<std::sync::Arc<ApiKeyRecord>, DeskError> {
        let unknown = || {
            let shown: String = id.chars().take(20).collect();
            let message = format!("there is no key `{}`", shown.escape_debug());
            DeskError::new(
                Kind::Unknown,
                message,
                "`mantlet key list` shows ids: the 12 characters in the middle of a key",
            )
        };
        let parsed = ApiKeyId::parse(id).ok_or_else(unknown)?;
        let found = self.directory().repositories.api_keys.lookup(parsed).await?;
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
