//! From what a client showed to who it is.

use std::net::IpAddr;
use std::sync::Arc;

use mantlet_crypto::{jws, sha256};
use mantlet_types::Timestamp;
use serde_json::Value;

use super::{Caller, CallerRefusal, Directory, Way};
use crate::UserId;
use crate::account::Standing;
use crate::api_key::{ApiKeyRecord, ApiKeyRefusal};
use crate::revocation::What;
use crate::token::{TokenError, VerifiedToken, Verifier};

/// What a client showed, as it came; it cannot be printed by accident.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// The cookie of a session.
    Session(&'a str),
    /// An API key.
    ApiKey(&'a str),
    /// A signed token.
    Token(&'a str),
    /// A ticket, with the origin of the page that shows it; `None` for none.
    Ticket(&'a str, Option<&'a str>),
}

impl std::fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential([secret])")
    }
}

impl Directory {
    /// Whether a token in three parts is ours to check: it names our issuer, or nobody where such
    /// tokens count, or nobody can say whom it names.
    #[must_use]
    pub fn checks(&self, token: &str) -> bool {
        if token.split('.').count() != 3 {
            return false;
        }
        // What was verified a moment ago need not be read again: that takes longer than all else.
        let hash = sha256(token.as_bytes());
        if self.known_tokens.find(&hash, self.clock.monotonic()).is_some() {
            return true;
        }
        match jws::unchecked_claims(token) {
            None => true,
            Some(claims) => match claims.get("iss").and_then(Value::as_str) {
                Some(issuer) => self.verifier.policy().issuer.as_deref() == Some(issuer),
                None => self.legacy.is_some() && !claims.contains_key("iss"),
            },
        }
    }

    /// Who checks a token: by what it claims, and then it has to be true.
    #[must_use]
    pub fn verifier_of(&self, token: &str) -> &Verifier {
        let is_nameless =
            || jws::unchecked_claims(token).is_some_and(|claims| !claims.contains_key("iss"));
        self.legacy.as_ref().filter(|_| is_nameless()).unwrap_or(&self.verifier)
    }

    /// Who showed `credential`, from `address`. What was verified a moment ago is remembered; that
    /// it ended meanwhile, here or in another process, is noticed within a second.
    ///
    /// # Errors
    /// [`CallerRefusal`]: why it does not count.
    pub async fn verify(
        &self,
        credential: Credential<'_>,
        address: IpAddr,
    ) -> Result<Caller, CallerRefusal> {
        match credential {
            Credential::Session(presented) => {
                let session = self.sessions.find(presented).await?;
                let standing = self.in_good_standing(&session.user, Some(session.renewed)).await?;
                let mark = What::Session(&session.hash.0).mark();
                let (user, until) = (session.user.clone(), session.expires);
                Ok(Caller { user, standing, way: Way::Session(session), mark, until })
            }
            Credential::ApiKey(presented) => {
                let key = self.api_key(presented, address).await?;
                // A key outlives changes of its owner's password; it ends with the account.
                let standing = self.in_good_standing(&key.owner, None).await?;
                let mark = What::ApiKey(key.id).mark();
                let (user, until) = (key.owner.clone(), key.expires);
                Ok(Caller { user, standing, way: Way::ApiKey(key), mark, until })
            }
            Credential::Token(presented) => {
                let token = self.token(presented).await?;
                let issued = token.issued.unwrap_or(Timestamp::MIN);
                let standing = self.in_good_standing(&token.subject, Some(issued)).await?;
                let id = token.id.as_deref().unwrap_or_default();
                // Connections end with the grant where there is one: all its tokens do.
                let what = token.grant().map(What::Family);
                let mark = what.unwrap_or(What::Token { issuer: &token.issuer, id }).mark();
                let (user, until) = (token.subject.clone(), token.expires);
                Ok(Caller { user, standing, way: Way::Token(token), mark, until })
            }
            Credential::Ticket(presented, origin) => {
                let ticket = Arc::new(self.tickets.redeem(presented, origin)?);
                let standing = self.in_good_standing(&ticket.user, Some(ticket.issued)).await?;
                let (user, mark, until) = (ticket.user.clone(), ticket.mark, ticket.expires);
                Ok(Caller { user, standing, way: Way::Ticket(ticket), mark, until })
            }
        }
    }

    /// The standing of an account that is open and has not ended what was issued at `issued`.
    async fn in_good_standing(
        &self,
        user: &UserId,
        issued: Option<Timestamp>,
    ) -> Result<Arc<Standing>, CallerRefusal> {
        let standing = self.standing(user).await?.ok_or(CallerRefusal::Account)?;
        let is_ended = standing.not_before.zip(issued).is_some_and(|(end, issued)| issued <= end);
        if standing.is_active && !is_ended { Ok(standing) } else { Err(CallerRefusal::Account) }
    }

    async fn api_key(
        &self,
        presented: &str,
        address: IpAddr,
    ) -> Result<Arc<ApiKeyRecord>, ApiKeyRefusal> {
        let parsed = self.api_keys.parse(presented)?;
        let at = self.clock.monotonic();
        if let Some(record) = self.known_keys.find(&parsed.id(), at) {
            match self.api_keys.check(&parsed, &record, address) {
                Ok(_) => return Ok(record),
                // The record may be an old one, or the secret a new one: the store knows.
                Err(ApiKeyRefusal::Stale | ApiKeyRefusal::Secret) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        let verified = self.api_keys.verify(presented, address).await?;
        self.known_keys.insert(parsed.id(), Arc::clone(&verified.record), at);
        Ok(verified.record)
    }

    async fn token(&self, presented: &str) -> Result<Arc<VerifiedToken>, CallerRefusal> {
        let at = self.clock.monotonic();
        let hash = sha256(presented.as_bytes());
        let known = self.known_tokens.find(&hash, at);
        let verifier = match &known {
            // Ours always name us.
            Some(token) if token.issuer.is_empty() => {
                self.legacy.as_ref().unwrap_or(&self.verifier)
            }
            Some(_) => &self.verifier,
            None => self.verifier_of(presented),
        };
        let checked = match &known {
            Some(token) => verifier.recheck(token).map(|()| Arc::clone(token)),
            None => verifier.verify(presented).map(Arc::new),
        };
        let token = match checked {
            Err(TokenError::Unsure) => {
                // What others ended was not read for too long: read it now.
                self.revocations.refresh().await?;
                Arc::new(verifier.verify(presented)?)
            }
            checked => checked?,
        };
        if known.is_none() {
            self.known_tokens.insert(hash, Arc::clone(&token), at);
        }
        Ok(token)
    }
}
