//! Making tokens.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_crypto::jws::{self, JwsError};
use mantlet_types::{Clock, Rng};
use serde_json::{Map, Value};

use super::TokenKeys;
use super::claims::ISSUED_MS;
use crate::UserId;
use crate::checked_text::random_digits;
use crate::time::after;

/// Digits of a token's id: 130 random bits.
const ID_LEN: usize = 22;

/// Claims that a caller cannot set.
const OURS: [&str; 8] = ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", ISSUED_MS];

/// What a token says beside what every token says.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// Further claims: `scope`, `roles`, `client_id`, …. What every token says cannot be set here.
    pub claims: Map<String, Value>,
    /// How long it lives; `None` means the issuer's lifetime, which is also the longest.
    pub lifetime: Option<Duration>,
}

/// Makes tokens of our own.
#[derive(Debug)]
pub struct TokenIssuer {
    issuer: String,
    audience: String,
    lifetime: Duration,
    keys: ArcSwap<TokenKeys>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl TokenIssuer {
    /// Makes tokens of `issuer` for `audience` that live for `lifetime`, signed with `keys`.
    #[must_use]
    pub fn new(
        (issuer, audience): (&str, &str),
        lifetime: Duration,
        keys: TokenKeys,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        let keys = ArcSwap::from_pointee(keys);
        Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            lifetime,
            keys,
            clock,
            rng,
        }
    }

    /// Takes new keys of the ring.
    pub fn replace_keys(&self, keys: TokenKeys) {
        self.keys.store(Arc::new(keys));
    }

    /// How long tokens live where nobody asks for less.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for `subject`.
    ///
    /// # Errors
    /// [`JwsError::TooLong`] when the claims are too long for a token.
    pub fn issue(&self, subject: &UserId, wish: NewToken) -> Result<String, JwsError> {
        let now = self.clock.now();
        let lifetime = wish.lifetime.unwrap_or(self.lifetime).min(self.lifetime);
        let mut claims = wish.claims;
        claims.retain(|name, _| !OURS.contains(&name.as_str()));
        let id = random_digits(ID_LEN, &*self.rng);
        for (name, value) in [
            ("iss", Value::from(self.issuer.as_str())),
            ("aud", Value::from(self.audience.as_str())),
            ("sub", Value::from(subject.as_str())),
            ("iat", Value::from(now.as_second())),
            ("nbf", Value::from(now.as_second())),
            ("exp", Value::from(after(now, lifetime).as_second())),
            ("jti", Value::from(id)),
            (ISSUED_MS, Value::from(now.as_millisecond())),
        ] {
            claims.insert(name.to_owned(), value);
        }
        jws::sign(self.keys.load().signing(), "at+jwt", &claims)
    }
}
