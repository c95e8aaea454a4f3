//! Keys that check.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use mantlet_types::Secret;
use serde_json::{Map, Value};

use super::{Algorithm, JwkError, roca};
use crate::sha256;
use crate::text::to_base64url;

/// The fewest bytes of a secret for HS256.
const SECRET_FLOOR: usize = 32;

/// The most bits of an RSA key: longer ones only cost time.
const RSA_CEILING: usize = 8192;

/// A key that checks the signatures of one algorithm.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    check: Check,
    /// The members that make a public key, as in a JWK; empty for secrets.
    public: Map<String, Value>,
}

#[derive(Clone)]
enum Check {
    Public(ParsedPublicKey),
    Secret(Box<hmac::Key>),
}

impl VerifyingKey {
    /// An Ed25519 key.
    ///
    /// # Errors
    /// [`JwkError::Malformed`] when it is not a point of the curve.
    pub fn ed25519(public: &[u8; 32]) -> Result<Self, JwkError> {
        let check = ParsedPublicKey::new(&ED25519, public).map_err(|_| JwkError::Malformed)?;
        let members = [("kty", "OKP".to_owned()), ("crv", "Ed25519".to_owned())];
        Ok(Self::public(Algorithm::EdDsa, check, members, [("x", public.as_slice())]))
    }

    /// A key on P-256, by its coordinates.
    ///
    /// # Errors
    /// [`JwkError::Malformed`] when it is not a point of the curve.
    pub fn p256(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, JwkError> {
        let point = [&[4], x.as_slice(), y].concat();
        let check = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        let check = check.map_err(|_| JwkError::Malformed)?;
        let members = [("kty", "EC".to_owned()), ("crv", "P-256".to_owned())];
        Ok(Self::public(Algorithm::Es256, check, members, [("x", x.as_slice()), ("y", y)]))
    }

    /// An RSA key, by modulus and exponent without leading zeros.
    ///
    /// # Errors
    /// [`JwkError::Weak`] for moduli under 2048 bits or of a broken generator and for exponents
    /// under 3; [`JwkError::Malformed`] for what is no RSA key.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, JwkError> {
        let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros());
        let bits = (modulus.len() * 8).saturating_sub(usize::try_from(zeros).unwrap_or(0));
        let is_small = matches!(exponent, [] | [0..=2]);
        if bits < 2048 || is_small || roca::is_broken(modulus) {
            return Err(JwkError::Weak);
        }
        let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
        if bits > RSA_CEILING || exponent.len() > 8 || !is_odd(modulus) || !is_odd(exponent) {
            return Err(JwkError::Malformed);
        }
        let parts = PublicKeyComponents { n: modulus, e: exponent };
        let check = parts.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256);
        let check = check.map_err(|_| JwkError::Malformed)?;
        let members = [("kty", "RSA".to_owned())];
        Ok(Self::public(Algorithm::Rs256, check, members, [("n", modulus), ("e", exponent)]))
    }

    /// A secret for HS256.
    ///
    /// # Errors
    /// [`JwkError::Weak`] for less than 256 bits.
    pub fn hs256(secret: &Secret<Vec<u8>>) -> Result<Self, JwkError> {
        if secret.expose().len() < SECRET_FLOOR {
            return Err(JwkError::Weak);
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
        Ok(Self {
            algorithm: Algorithm::Hs256,
            check: Check::Secret(Box::new(key)),
            public: Map::new(),
        })
    }

    fn public<const N: usize, const M: usize>(
        algorithm: Algorithm,
        check: ParsedPublicKey,
        members: [(&str, String); N],
        numbers: [(&str, &[u8]); M],
    ) -> Self {
        let numbers = numbers.map(|(name, bytes)| (name, to_base64url(bytes)));
        let members = members.into_iter().chain(numbers);
        let public = members.map(|(name, text)| (name.to_owned(), Value::String(text))).collect();
        Self { algorithm, check: Check::Public(check), public }
    }

    /// The one algorithm that this key checks.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the key is a secret, by which one can sign as well.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self.check, Check::Secret(_))
    }

    /// Whether `signature` is that of `message`.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.check {
            Check::Public(key) => key.verify_sig(message, signature).is_ok(),
            Check::Secret(key) => hmac::verify(key, message, signature).is_ok(),
        }
    }

    /// A name for a public key that says which one it is: the thumbprint of RFC 7638. Empty for
    /// secrets, which have no name that may be known.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        if self.is_secret() {
            return String::new();
        }
        // The members in the order of their names without white space, as the map writes them.
        let text = Value::Object(self.public.clone()).to_string();
        to_base64url(&sha256(text.as_bytes()))
    }

    /// The key as a JWK with its thumbprint as `kid`; `None` for secrets.
    #[must_use]
    pub fn to_jwk(&self) -> Option<Value> {
        if self.is_secret() {
            return None;
        }
        let mut jwk = self.public.clone();
        for (name, text) in
            [("alg", self.algorithm.as_str()), ("use", "sig"), ("kid", &self.thumbprint())]
        {
            jwk.insert(name.to_owned(), Value::String(text.to_owned()));
        }
        Some(Value::Object(jwk))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.algorithm, self.thumbprint())
    }
}
