//! Access tokens together with the refresh tokens that follow them.

use std::time::Duration;

use mantlet_crypto::jws::JwsError;
use mantlet_types::{Secret, Timestamp};
use serde_json::{Map, Value};

use super::Directory;
use crate::UserId;
use crate::refresh::{FamilyId, IssuedRefresh, RefreshError};
use crate::revocation::{Ended, What};
use crate::store::StoreError;
use crate::time::after;
use crate::token::{GRANT, NewToken, VerifiedToken};

/// What a sign-in, or a refresh token that was used, gives.
#[derive(Debug)]
pub struct Granted {
    /// Whom it acts for.
    pub user: UserId,
    /// The access token.
    pub access: Secret<String>,
    /// How long that counts.
    pub lifetime: Duration,
    /// The next refresh token.
    pub refresh: IssuedRefresh,
    /// What the access token is bounded to; `None` when to nothing but what the user may.
    pub scopes: Option<Vec<String>>,
}

/// Why nothing is granted.
#[derive(Debug)]
pub enum GrantError {
    /// The refresh token.
    Refresh(RefreshError),
    /// The access token cannot be made.
    Token(JwsError),
}

impl std::fmt::Display for GrantError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refresh(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for GrantError {}

impl From<RefreshError> for GrantError {
    fn from(error: RefreshError) -> Self {
        Self::Refresh(error)
    }
}

impl Directory {
    /// Begins a grant for `user`: an access token bounded to `scopes`, and a refresh token. `client`
    /// says with which program, for people.
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn begin_grant(
        &self,
        user: &UserId,
        client: &str,
        scopes: Option<Vec<String>>,
    ) -> Result<Granted, GrantError> {
        let (family, refresh) = self.refresh_tokens.begin(user, client, scopes.clone()).await?;
        self.granted(user.clone(), family, scopes, refresh)
    }

    /// Uses a refresh token up. One that was used before ends its whole grant, access tokens among
    /// it: somebody has a copy (RFC 9700, section 4.14.2).
    ///
    /// # Errors
    /// [`GrantError`].
    pub async fn refresh_grant(&self, presented: &str) -> Result<Granted, GrantError> {
        match self.refresh_tokens.rotate(presented).await {
            Ok(next) => self.granted(next.user, next.family, next.scopes, next.token),
            Err(RefreshError::Reused) => {
                let family = self.refresh_tokens.find(presented).await?;
                let why = "a refresh token was used twice";
                let ended = self.end_tokens_of(family.id.as_str(), &family.user, why).await;
                ended.map_err(RefreshError::from)?;
                Err(RefreshError::Reused.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a grant by any of its refresh tokens, with its access tokens: whose it was.
    ///
    /// # Errors
    /// [`RefreshError`] for what is no refresh token of ours.
    pub async fn end_grant(&self, presented: &str, why: &str) -> Result<UserId, RefreshError> {
        let family = self.refresh_tokens.end(presented, why).await?;
        self.end_tokens_of(family.id.as_str(), &family.user, why).await?;
        Ok(family.user)
    }

    /// Ends a token before its time, and with it the grant that it is of.
    ///
    /// # Errors
    /// [`StoreError`]. `Ok(false)` for a token without an id, which cannot be ended alone.
    pub async fn end_token(
        &self,
        token: &VerifiedToken,
        by: &UserId,
        why: &str,
    ) -> Result<bool, StoreError> {
        let Some(id) = &token.id else { return Ok(false) };
        let what = What::Token { issuer: &token.issuer, id };
        self.revocations.end(Ended::one(what, token.expires), by, why).await?;
        if let Some(grant) = token.grant() {
            self.end_tokens_of(grant, by, why).await?;
            if let Some(family) = FamilyId::parse(grant) {
                self.refresh_tokens.revoke(family, by, why).await?;
            }
        }
        Ok(true)
    }

    fn granted(
        &self,
        user: UserId,
        family: FamilyId,
        scopes: Option<Vec<String>>,
        refresh: IssuedRefresh,
    ) -> Result<Granted, GrantError> {
        let mut claims = Map::new();
        claims.insert(GRANT.to_owned(), Value::from(family.as_str()));
        if let Some(scopes) = &scopes {
            claims.insert("scope".to_owned(), Value::from(scopes.join(" ")));
        }
        let wish = NewToken { claims, lifetime: None };
        let access = self.issuer.issue(&user, wish).map_err(GrantError::Token)?;
        let (access, lifetime) = (Secret::new(access), self.issuer.lifetime());
        Ok(Granted { user, access, lifetime, refresh, scopes })
    }

    /// Ends the access tokens of a grant, and the connections opened with them.
    async fn end_tokens_of(&self, grant: &str, by: &UserId, why: &str) -> Result<(), StoreError> {
        let last = after(self.clock.now(), self.issuer.lifetime());
        // Clocks may differ, and tokens count that much longer.
        let last: Timestamp = after(last, self.verifier.policy().leeway());
        self.revocations.end(Ended::one(What::Family(grant), last), by, why).await
    }
}
