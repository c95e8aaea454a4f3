//! Signed tokens, their successors, and tickets.

use std::time::Duration;

use mantlet_event::catalogue;
use mantlet_identity::UserId;
use mantlet_identity::account::Account;
use mantlet_identity::api_key::Scopes;
use mantlet_identity::directory::{CallerRefusal, GrantError, Granted};
use mantlet_identity::refresh::RefreshError;
use mantlet_identity::ticket::NewTicket;
use mantlet_identity::token::{NewToken, introspection};
use serde_json::{Map, Value, json};

use super::error::{DeskError, Kind, check_scopes};
use super::{Act, Typed};

impl Act<'_> {
    pub(super) async fn issue_token(
        &self,
        user: &str,
        scopes: Option<&[String]>,
        seconds: Option<u64>,
        client: Option<&str>,
    ) -> Result<Value, DeskError> {
        let account = self.issuable(user, scopes).await?;
        if let Some(client) = client {
            let scopes = scopes.map(<[String]>::to_vec);
            let granted = self.directory().begin_grant(&account.id, client, scopes).await?;
            let told = "token and refresh token issued by the operator";
            self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, told);
            return self.granted(granted);
        }
        let mut claims = Map::new();
        if let Some(scopes) = scopes {
            claims.insert("scope".to_owned(), Value::from(scopes.join(" ")));
        }
        let wish = NewToken { claims, lifetime: seconds.map(Duration::from_secs) };
        let token = self.directory().issuer.issue(&account.id, wish)?;
        let read = self.directory().verifier.verify(&token)?;
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, "token issued by the operator");
        let (expires, id) = (read.expires.to_string(), read.id);
        Ok(json!({ "token": token, "id": id, "user": account.id.as_str(), "expires": expires }))
    }

    /// The account that a credential is issued for, which is open, and whose scopes whoever asks may
    /// pass on.
    async fn issuable(&self, user: &str, scopes: Option<&[String]>) -> Result<Account, DeskError> {
        let account = self.subordinate(user).await?;
        if !account.is_active {
            let message = format!("the account `{}` is locked", account.name.as_str());
            return Err(DeskError::new(Kind::Conflict, message, "`mantlet user unlock` opens it"));
        }
        if let Some(scopes) = scopes {
            check_scopes(scopes, self.roles())?;
            let wanted = Scopes::new(scopes.iter().map(String::as_str))?;
            self.asker.may_pass_on(&wanted, self.roles())?;
        }
        Ok(account)
    }

    fn granted(&self, granted: Granted) -> Result<Value, DeskError> {
        let read = self.directory().verifier.verify(granted.access.expose())?;
        let refresh = granted.refresh.reveal();
        Ok(json!({
            "token": granted.access.expose(),
            "id": read.id,
            "user": granted.user.as_str(),
            "expires": read.expires.to_string(),
            "refresh_token": refresh.expose(),
        }))
    }

    pub(super) async fn refresh_token(&self, token: &Typed) -> Result<Value, DeskError> {
        match self.directory().refresh_grant(token.0.trim()).await {
            Ok(granted) => self.granted(granted),
            Err(GrantError::Refresh(RefreshError::Reused)) => {
                let owner = self.directory().refresh_tokens.find(token.0.trim()).await?.user;
                let told = "a refresh token was used twice: all tokens of its sign-in were ended";
                self.tell(&catalogue::IDENTITY_KEY_REVOKED, &owner, told);
                Err(RefreshError::Reused.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn verify_token(&self, token: &Typed) -> Result<Value, DeskError> {
        let directory = self.directory();
        // What others have ended since is asked for first.
        directory.revocations.refresh().await?;
        let text = token.0.trim();
        let verified = directory.verifier_of(text).verify(text);
        let token = match &verified {
            Ok(token) => {
                directory.forget(&token.subject);
                match directory.standing_of(token).await {
                    Ok(_) => Some(token),
                    Err(CallerRefusal::Store(error)) => return Err(error.into()),
                    Err(_) => None,
                }
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

    pub(super) async fn revoke_token(&self, token: &Typed) -> Result<Value, DeskError> {
        let (directory, text) = (self.directory(), token.0.trim());
        let why = "revoked by the operator";
        let read = match directory.verifier_of(text).verify(text) {
            Ok(read) => read,
            Err(error) => {
                // A refresh token has another form, and ends with all that followed from it.
                let ended = directory.end_grant(text, why).await;
                return match ended {
                    Ok(user) => {
                        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &user, why);
                        Ok(json!({ "id": null, "revoked": true }))
                    }
                    Err(RefreshError::Store(error)) => Err(error.into()),
                    Err(_) => {
                        let hint = "a token that does not count need not be revoked";
                        Err(DeskError::invalid(error.to_string(), hint))
                    }
                };
            }
        };
        if !directory.end_token(&read, self.by(), why).await? {
            return Err(DeskError::invalid("the token has no id", "lock the account instead"));
        }
        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &read.subject, "token revoked by the operator");
        Ok(json!({ "id": read.id, "revoked": true }))
    }

    /// Ends what was issued to somebody up to now, whether they have an account or not.
    pub(super) async fn revoke_tokens_of(&self, user: &str) -> Result<Value, DeskError> {
        let (directory, why) = (self.directory(), "all tokens revoked by the operator");
        let id = match user.contains(':') {
            true => {
                let id = UserId::parse(user)?;
                let roles = directory.roles_outside(&id);
                self.asker.may_act_on_roles(id.as_str(), &roles, self.roles())?;
                id
            }
            false => self.subordinate(user).await?.id,
        };
        directory.revocations.end_user(&id, directory.last_end(), self.by(), why).await?;
        directory.forget(&id);
        self.tell(&catalogue::IDENTITY_KEY_REVOKED, &id, why);
        Ok(json!({ "user": id.as_str(), "revoked": true }))
    }

    pub(super) async fn issue_ticket(
        &self,
        (user, origin): (&str, &str),
        scopes: Option<&[String]>,
        seconds: Option<u64>,
    ) -> Result<Value, DeskError> {
        let account = self.issuable(user, scopes).await?;
        let wish = NewTicket {
            user: account.id.clone(),
            scopes: scopes.map(<[String]>::to_vec),
            origin: origin.to_owned(),
            lifetime: seconds.map(Duration::from_secs),
        };
        let (ticket, expires) = self.directory().tickets.issue(wish)?;
        self.tell(&catalogue::IDENTITY_KEY_ISSUED, &account.id, "ticket issued");
        Ok(json!({ "ticket": ticket.expose(), "expires": expires.to_string() }))
    }
}
