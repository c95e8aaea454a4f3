//! Signed tokens.

use std::time::Duration;

use mantlet_event::catalogue;
use mantlet_identity::revocation::{Ended, What};
use mantlet_identity::token::{NewToken, introspection};
use serde_json::{Map, Value, json};

use super::refused::{check_scopes, failed};
use super::{Act, Typed};
use crate::control::ControlError;

impl Act<'_> {
    pub(super) async fn issue_token(
        &self,
        user: &str,
        scopes: Option<&[String]>,
        seconds: Option<u64>,
    ) -> Result<Value, ControlError> {
        let account = self.account(user).await?;
        if !account.is_active {
            let message = format!("the account `{}` is locked", account.name.as_str());
            return Err(ControlError::new(message, "`mantlet user unlock` opens it"));
        }
        let mut claims = Map::new();
        if let Some(scopes) = scopes {
            check_scopes(scopes, self.roles())?;
            claims.insert("scope".to_owned(), Value::from(scopes.join(" ")));
        }
        let wish = NewToken { claims, lifetime: seconds.map(Duration::from_secs) };
        let token = self.directory().issuer.issue(&account.id, wish).map_err(failed)?;
        let read = self.directory().verifier.verify(&token).map_err(failed)?;
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, "token issued by the operator");
        let (expires, id) = (read.expires.to_string(), read.id);
        Ok(json!({ "token": token, "id": id, "user": account.id.as_str(), "expires": expires }))
    }

    pub(super) async fn verify_token(&self, token: &Typed) -> Result<Value, ControlError> {
        let directory = self.directory();
        // What others have ended since is asked for first.
        directory.revocations.refresh().await.map_err(failed)?;
        let verified = directory.verifier.verify(token.0.trim());
        let token = match &verified {
            Ok(token) => {
                let standing = directory.accounts.standing(&token.subject).await.map_err(failed)?;
                let is_fine = standing.is_some_and(|standing| {
                    let ends = standing.not_before.zip(token.issued);
                    standing.is_active && ends.is_none_or(|(end, issued)| issued > end)
                });
                is_fine.then_some(token)
            }
            Err(_) => None,
        };
        let mut answer = introspection(token);
        if let (Value::Object(answer), Err(error)) = (&mut answer, &verified) {
            // The operator may know what the client is never told.
            answer.insert("why".to_owned(), Value::from(error.to_string()));
        }
        Ok(answer)
    }

    pub(super) async fn revoke_token(&self, token: &Typed) -> Result<Value, ControlError> {
        let directory = self.directory();
        let read = directory.verifier.verify(token.0.trim()).map_err(|error| {
            ControlError::new(error.to_string(), "a token that does not count need not be revoked")
        })?;
        let Some(id) = &read.id else {
            return Err(ControlError::new("the token has no id", "lock the account instead"));
        };
        let ended = Ended::one(What::Token { issuer: &read.issuer, id }, read.expires);
        let why = "revoked by the operator";
        directory.revocations.end(ended, &self.by, why).await.map_err(failed)?;
        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &read.subject, "token revoked by the operator");
        Ok(json!({ "id": id, "revoked": true }))
    }
}
