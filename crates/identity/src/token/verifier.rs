//! Checking tokens.

use std::sync::Arc;

use arc_swap::ArcSwap;
use mantlet_crypto::jws::{self, JwsError, VerifyingKeys};
use mantlet_types::Clock;

use super::{TokenError, TokenPolicy, VerifiedToken};
use crate::revocation::{RevocationIndex, Standing, What};

/// Checks the tokens of one issuer.
#[derive(Debug)]
pub struct Verifier {
    policy: TokenPolicy,
    keys: ArcSwap<VerifyingKeys>,
    revocations: Option<Arc<RevocationIndex>>,
    clock: Arc<dyn Clock>,
}

impl Verifier {
    /// Checks tokens by `policy`, with `keys` of the issuer. `revocations`: where to look whether
    /// one was ended before its time; `None` accepts that none can be.
    #[must_use]
    pub fn new(
        policy: TokenPolicy,
        keys: VerifyingKeys,
        revocations: Option<Arc<RevocationIndex>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { policy, keys: ArcSwap::from_pointee(keys), revocations, clock }
    }

    /// Takes new keys: after a rotation, or when an issuer's document was fetched anew.
    pub fn replace_keys(&self, keys: VerifyingKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Arc<VerifyingKeys> {
        self.keys.load_full()
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &TokenPolicy {
        &self.policy
    }

    /// Checks a token.
    ///
    /// # Errors
    /// [`TokenError`]: why it does not count. With an issuer outside, `UnknownKey` may mean that it
    /// has a new key: fetch its document again, but not at every token.
    pub fn verify(&self, token: &str) -> Result<VerifiedToken, TokenError> {
        let now = self.clock.now();
        if self.policy.until.is_some_and(|until| now >= until) {
            return Err(TokenError::MigrationOver);
        }
        let signed = jws::verify(token, &self.keys.load())?;
        let is_accepted = match &signed.header.kind {
            None => self.policy.accepts_no_kind,
            Some(kind) => self.policy.kinds.contains(kind),
        };
        if !is_accepted {
            return Err(TokenError::Kind);
        }
        let claims = jws::parse_object(&signed.payload).ok_or(TokenError::Payload)?;
        let token = VerifiedToken::read(claims, signed.header.key, &self.policy, now)?;
        self.recheck(&token)?;
        Ok(token)
    }

    /// Checks again what can have changed since a token was verified: its end and its revocation.
    /// For callers that remember verified tokens.
    ///
    /// # Errors
    /// [`TokenError::Expired`], [`TokenError::Revoked`], [`TokenError::Unsure`]; with an issuer outside
    /// also an unknown key.
    pub fn recheck(&self, token: &VerifiedToken) -> Result<(), TokenError> {
        let now = (self.clock.now(), self.clock.monotonic());
        if crate::time::after(token.expires, self.policy.leeway()) <= now.0 {
            return Err(TokenError::Expired);
        }
        // An issuer outside may have withdrawn the key meanwhile.
        if let (Some(_), Some(key)) = (&token.mapped, &token.key)
            && !self.keys.load().has(key)
        {
            return Err(TokenError::Signature(JwsError::UnknownKey));
        }
        let Some(index) = &self.revocations else {
            return Ok(());
        };
        let what = token.id.as_deref().map(|id| What::Token { issuer: &token.issuer, id });
        // Without a time of issue, every end of the user counts.
        let issued = token.issued.unwrap_or(mantlet_types::Timestamp::MIN);
        let grant = token.grant().map(What::Family);
        if grant.is_some() && index.standing(grant, None, issued, now) == Standing::Ended {
            return Err(TokenError::Revoked);
        }
        match index.standing(what, Some(&token.subject), issued, now) {
            Standing::InForce => Ok(()),
            Standing::Ended => Err(TokenError::Revoked),
            Standing::Unsure | Standing::AskStore => Err(TokenError::Unsure),
        }
    }
}
