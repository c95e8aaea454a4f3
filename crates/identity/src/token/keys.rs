//! The keys of our own tokens.

use mantlet_crypto::jws::{Algorithm, JwkError, SigningKey, VerifyingKey, VerifyingKeys};
use mantlet_crypto::{Key, KeyRing, KeyState};
use serde_json::Value;

use super::PURPOSE;

/// The keys of our own tokens: one that signs, and all that check. A pending key is published
/// before it signs, so that others know it by then; a retiring one checks as long as it is in the
/// ring.
#[derive(Debug)]
pub struct TokenKeys {
    signing: SigningKey,
    /// The active one and those that retire.
    checking: VerifyingKeys,
    /// These, and the pending ones.
    published: VerifyingKeys,
}

impl TokenKeys {
    /// The keys of `ring` for [`PURPOSE`], as keys of `algorithm`: EdDSA or ES256. `None` when none
    /// is active.
    ///
    /// # Errors
    /// [`JwkError::Unsupported`] for other algorithms: an RS256 key comes from outside
    /// ([`TokenKeys::of_outside`]), and HS256 is for reading old tokens only.
    pub fn of_ring(ring: &KeyRing, algorithm: Algorithm) -> Result<Option<Self>, JwkError> {
        Self::of_purpose(ring, PURPOSE, algorithm)
    }

    /// The same for another purpose than tokens: what is signed for one means nothing to the other.
    ///
    /// # Errors
    /// As [`TokenKeys::of_ring`].
    pub fn of_purpose(
        ring: &KeyRing,
        purpose: &str,
        algorithm: Algorithm,
    ) -> Result<Option<Self>, JwkError> {
        let Some((active, key)) = ring.active(purpose) else {
            return Ok(None);
        };
        let signing = signing_of(algorithm, key)?;
        let mut checking = vec![signing.verifying().clone()];
        let mut pending = Vec::new();
        for view in ring.keys().filter(|view| view.purpose == purpose && view.id != active) {
            let Some(key) = ring.find(purpose, view.id) else { continue };
            let list = if view.state == KeyState::Pending { &mut pending } else { &mut checking };
            list.push(signing_of(algorithm, key)?.into_verifying());
        }
        let published = VerifyingKeys::of(checking.iter().cloned().chain(pending));
        Ok(Some(Self { signing, checking: VerifyingKeys::of(checking), published }))
    }

    /// A key from outside the ring, and those before it that still check.
    #[must_use]
    pub fn of_outside(signing: SigningKey, retiring: &[VerifyingKey]) -> Self {
        let active = std::slice::from_ref(signing.verifying());
        let checking = VerifyingKeys::of(active.iter().chain(retiring).cloned());
        Self { published: checking.clone(), checking, signing }
    }

    /// The key that signs.
    #[must_use]
    pub const fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The keys that check.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKeys {
        &self.checking
    }

    /// The public keys as a JWK set (RFC 7517), the one that signs first.
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        self.published.to_jwks()
    }
}

fn signing_of(algorithm: Algorithm, key: &Key) -> Result<SigningKey, JwkError> {
    match algorithm {
        Algorithm::EdDsa => SigningKey::ed25519(key),
        Algorithm::Es256 => SigningKey::p256(key),
        Algorithm::Rs256 | Algorithm::Hs256 => Err(JwkError::Unsupported),
    }
}
