//! From what a client showed to who it is.

use std::net::IpAddr;
use std::sync::Arc;

use mantlet_crypto::jws::{self, JwsError};
use mantlet_crypto::sha256;
use mantlet_types::Timestamp;
use serde_json::Value;

use super::{Caller, CallerRefusal, Directory, Way};
use crate::UserId;
use crate::account::Standing;
use crate::api_key::{ApiKeyRecord, ApiKeyRefusal};
use crate::certificate::{Holder, ShownCertificate};
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
    /// Whether a token in three parts is ours to check: it names our issuer or one outside whose tokens
    /// count, or nobody where such tokens count, or nobody can say whom it names.
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
                Some(issuer) => self.is_own(issuer) || self.outside.named(issuer).is_some(),
                None => self.legacy.is_some() && !claims.contains_key("iss"),
            },
        }
    }

    fn is_own(&self, issuer: &str) -> bool {
        self.verifier.policy().issuer.as_deref() == Some(issuer)
    }

    /// Who checks a token: by what it claims, and then it has to be true.
    #[must_use]
    pub fn verifier_of(&self, token: &str) -> &Verifier {
        let Some(claims) = jws::unchecked_claims(token) else { return &self.verifier };
        match (claims.get("iss").and_then(Value::as_str), &self.legacy) {
            (Some(issuer), _) if !self.is_own(issuer) => {
                self.outside.named(issuer).map_or(&self.verifier, |outside| outside.verifier())
            }
            (None, Some(legacy)) if !claims.contains_key("iss") => legacy,
            _ => &self.verifier,
        }
    }

    /// The same for one that was verified.
    pub(super) fn verifier_for(&self, token: &VerifiedToken) -> &Verifier {
        if token.mapped.is_some() {
            let outside = self.outside.named(&token.issuer);
            return outside.map_or(&self.verifier, |outside| outside.verifier());
        }
        // Ours always name us.
        self.legacy.as_ref().filter(|_| token.issuer.is_empty()).unwrap_or(&self.verifier)
    }

    /// Checks a token of anybody; one whose issuer outside has a new key waits for that a moment.
    async fn check(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let verifier = self.verifier_of(token);
        let issuer = verifier.policy().issuer.as_deref().filter(|_| !self.outside.is_empty());
        match issuer.and_then(|issuer| self.outside.named(issuer)) {
            Some(outside) => outside.verify(token).await,
            None => verifier.verify(token),
        }
    }

    /// What whoever shows a verified token may: what their account may, or what the claims of an issuer
    /// outside mean here.
    ///
    /// # Errors
    /// [`CallerRefusal`] when the account is closed, or ended the token.
    pub async fn standing_of(&self, token: &VerifiedToken) -> Result<Arc<Standing>, CallerRefusal> {
        if let Some(standing) = token.mapped.as_ref().and_then(|mapped| mapped.standing.as_ref()) {
            return Ok(Arc::clone(standing));
        }
        let issued = token.issued.unwrap_or(Timestamp::MIN);
        self.in_good_standing(&token.subject, Some(issued)).await
    }

    /// The roles that somebody without an account can come with: whatever an issuer outside gives its
    /// users, or those of their certificate.
    #[must_use]
    pub fn roles_outside(&self, user: &UserId) -> Vec<String> {
        let namespace = user.as_str().split_once(':').map_or("", |(namespace, _)| namespace);
        let roles = self.outside.roles_of(namespace).chain(self.certificates.roles_of(user));
        roles.map(str::to_owned).collect()
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
        // Before anything is looked up: what changes meanwhile has changed since.
        let moment = self.moment();
        let caller = |user: &UserId, standing, way, mark, until| Caller {
            user: user.clone(),
            standing,
            way,
            mark,
            until,
            again_until: until,
            moment,
        };
        match credential {
            Credential::Session(presented) => {
                let session = self.sessions.find(presented).await?;
                let standing = self.in_good_standing(&session.user, Some(session.renewed)).await?;
                let mark = What::Session(&session.hash.0).mark();
                let again_until = self.sessions.next_look(&session);
                let way = Way::Session(Arc::clone(&session));
                let caller = caller(&session.user, standing, way, mark, session.expires);
                Ok(Caller { again_until, ..caller })
            }
            Credential::ApiKey(presented) => {
                let key = self.api_key(presented, address).await?;
                // A key outlives changes of its owner's password; it ends with the account.
                let standing = self.in_good_standing(&key.owner, None).await?;
                let mark = What::ApiKey(key.id).mark();
                let again_until = key.next_end(self.clock.now());
                let way = Way::ApiKey(Arc::clone(&key));
                let caller = caller(&key.owner, standing, way, mark, key.expires);
                Ok(Caller { again_until, ..caller })
            }
            Credential::Token(presented) => {
                let token = self.token(presented).await?;
                let standing = self.standing_of(&token).await?;
                let mark = mark_of(&token, presented);
                let way = Way::Token(Arc::clone(&token));
                Ok(caller(&token.subject, standing, way, mark, token.expires))
            }
            Credential::Ticket(presented, origin) => {
                let ticket = Arc::new(self.tickets.redeem(presented, origin)?);
                let standing = self.in_good_standing(&ticket.user, Some(ticket.issued)).await?;
                let way = Way::Ticket(Arc::clone(&ticket));
                Ok(caller(&ticket.user, standing, way, ticket.mark, ticket.expires))
            }
        }
    }

    /// Who a client is by the certificate of its connection; `None` where that stands for nobody.
    ///
    /// # Errors
    /// [`CallerRefusal`] when the account that it stands for is closed or not there.
    pub async fn certified(
        &self,
        shown: &ShownCertificate<'_>,
    ) -> Result<Option<Caller>, CallerRefusal> {
        let moment = self.moment();
        let (user, standing) = match self.certificates.holder(shown) {
            None => return Ok(None),
            Some(Holder::Own(user, standing)) => (user.clone(), Arc::clone(standing)),
            Some(Holder::Account(user)) => (user.clone(), self.in_good_standing(user, None).await?),
        };
        let mark = What::Certificate(shown.fingerprint).mark();
        let (way, until) = (Way::Certificate, shown.until);
        Ok(Some(Caller { user, standing, way, mark, until, again_until: until, moment }))
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
        let again = |token: &Arc<VerifiedToken>| {
            self.verifier_for(token).recheck(token).map(|()| Arc::clone(token))
        };
        let checked = match known.as_ref().map(again) {
            // A key that is gone may be missed because its issuer cannot be asked for it.
            None | Some(Err(TokenError::Signature(JwsError::UnknownKey))) => {
                self.check(presented).await.map(Arc::new)
            }
            Some(checked) => checked,
        };
        let token = match checked {
            Err(TokenError::Unsure) => {
                // What others ended was not read for too long: read it now.
                self.revocations.refresh().await?;
                Arc::new(self.check(presented).await?)
            }
            checked => checked?,
        };
        if known.is_none() {
            self.known_tokens.insert(hash, Arc::clone(&token), at);
        }
        Ok(token)
    }
}

/// What stands for a token. Connections end with its grant where there is one, for all its tokens do.
fn mark_of(token: &VerifiedToken, presented: &str) -> [u8; 16] {
    match (token.grant(), token.id.as_deref()) {
        (Some(grant), _) => What::Family(grant).mark(),
        (None, Some(id)) => What::Token { issuer: &token.issuer, id }.mark(),
        // Without an id there are as many as were ever made: its text alone says which one it is.
        (None, None) => What::Text(&sha256(presented.as_bytes())).mark(),
    }
}
