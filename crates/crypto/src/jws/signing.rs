//! Keys that sign.

use std::fmt;

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use mantlet_types::Secret;
use zeroize::Zeroizing;

use super::der::rsa_public;
use super::{Algorithm, JwkError, VerifyingKey};
use crate::Key;
use crate::text::from_base64;

/// A key that signs with one algorithm.
pub struct SigningKey {
    pair: Pair,
    algorithm: Algorithm,
    /// The other half.
    verifying: VerifyingKey,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(rsa::KeyPair),
    Secret(Box<hmac::Key>),
}

impl SigningKey {
    /// The Ed25519 key that belongs to a key of the ring.
    ///
    /// # Errors
    /// [`JwkError::Malformed`] when the library refuses, which it does for no key.
    pub fn ed25519(key: &Key) -> Result<Self, JwkError> {
        let seed = key.derive("jws-eddsa", b"");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose());
        let pair = pair.map_err(|_| JwkError::Malformed)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| JwkError::Malformed)?;
        let verifying = VerifyingKey::ed25519(public)?;
        Ok(Self { pair: Pair::Ed25519(pair), algorithm: Algorithm::EdDsa, verifying })
    }

    /// The P-256 key that belongs to a key of the ring.
    ///
    /// # Errors
    /// [`JwkError::Malformed`] when the library refuses, which it does for no key.
    pub fn p256(key: &Key) -> Result<Self, JwkError> {
        // A number above the order of the group is no key; it comes once in 2^32.
        let found = (0..=u8::MAX).find_map(|attempt| {
            let scalar = key.derive("jws-es256", &[attempt]);
            let half = PrivateKey::from_private_key(&ECDH_P256, scalar.expose()).ok()?;
            Some((scalar, half.compute_public_key().ok()?))
        });
        let (scalar, point) = found.ok_or(JwkError::Malformed)?;
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P256_SHA256_FIXED_SIGNING,
            scalar.expose(),
            point.as_ref(),
        );
        let pair = pair.map_err(|_| JwkError::Malformed)?;
        let verifying = p256_of(point.as_ref()).ok_or(JwkError::Malformed)??;
        Ok(Self { pair: Pair::P256(pair), algorithm: Algorithm::Es256, verifying })
    }

    /// An RSA key as PKCS #8 in PEM (`-----BEGIN PRIVATE KEY-----`), for services that check RS256
    /// alone. It cannot be made of a key of the ring.
    ///
    /// # Errors
    /// [`JwkError`] for other text, and for keys that [`VerifyingKey::rsa`] does not take.
    pub fn rsa_of_pem(pem: &Secret<String>) -> Result<Self, JwkError> {
        let mut lines = pem.expose().trim().lines().map(str::trim);
        let is_begun = lines.next() == Some("-----BEGIN PRIVATE KEY-----");
        let is_ended = lines.next_back() == Some("-----END PRIVATE KEY-----");
        if !is_begun || !is_ended {
            return Err(JwkError::Malformed);
        }
        let body = Zeroizing::new(lines.collect::<String>());
        let der = Zeroizing::new(from_base64(&body).ok_or(JwkError::Malformed)?);
        let pair = rsa::KeyPair::from_pkcs8(&der).map_err(|_| JwkError::Malformed)?;
        let (modulus, exponent) =
            rsa_public(pair.public_key().as_ref()).ok_or(JwkError::Malformed)?;
        let verifying = VerifyingKey::rsa(&modulus, &exponent)?;
        Ok(Self { pair: Pair::Rsa(pair), algorithm: Algorithm::Rs256, verifying })
    }

    /// A secret that is shared with whoever checks. The others are better: theirs cannot be forged
    /// by who checks them.
    ///
    /// # Errors
    /// [`JwkError::Weak`] for less than 256 bits.
    pub fn hs256(secret: &Secret<Vec<u8>>) -> Result<Self, JwkError> {
        let verifying = VerifyingKey::hs256(secret)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Ok(Self { pair: Pair::Secret(Box::new(key)), algorithm: Algorithm::Hs256, verifying })
    }

    /// The algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The half that checks.
    #[must_use]
    pub const fn verifying(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Takes the half that checks, and forgets the one that signs.
    #[must_use]
    pub fn into_verifying(self) -> VerifyingKey {
        self.verifying
    }

    /// The signature of `message`; `None` when the library fails, for want of memory. The random
    /// number inside an ECDSA signature is the library's own.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
            Pair::P256(pair) => {
                Some(pair.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let random = SystemRandom::new();
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).ok()?;
                Some(signature)
            }
            Pair::Secret(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {})", self.algorithm, self.verifying.thumbprint())
    }
}

/// The key of an uncompressed point; `None` when it is none.
fn p256_of(point: &[u8]) -> Option<Result<VerifyingKey, JwkError>> {
    let (x, y) = point.strip_prefix(&[4])?.split_first_chunk::<32>()?;
    Some(VerifyingKey::p256(x, y.try_into().ok()?))
}
