//! Sets of keys, and which of them a token means.

use serde_json::{Map, Value, json};

use super::{Algorithm, Header, JwkError, JwsError, VerifyingKey, jwk, parse_object};

/// The most keys of a set; known issuers publish two to six.
const MAX_KEYS: usize = 64;

/// The most bytes of a set as text.
const MAX_TEXT: usize = 256 * 1024;

/// Keys that check tokens: one issuer's, or our own.
#[derive(Debug, Clone, Default)]
pub struct VerifyingKeys {
    keys: Vec<(Option<String>, VerifyingKey)>,
    /// Keys of the document that are for something else.
    skipped: usize,
}

impl VerifyingKeys {
    /// Keys with their thumbprints as ids.
    #[must_use]
    pub fn of(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let named = |key: VerifyingKey| (Some(key.thumbprint()).filter(|id| !id.is_empty()), key);
        Self { keys: keys.into_iter().take(MAX_KEYS).map(named).collect(), skipped: 0 }
    }

    /// Reads a JWK set (`{"keys": […]}`) or one JWK. Keys of a set that are for something else, or
    /// of a kind that we do not speak, are left out and counted.
    ///
    /// # Errors
    /// [`JwkError`] for a document that is none, for a set that mixes secrets and public keys or
    /// names two keys alike, and for a single key that is not taken.
    pub fn parse(text: &[u8]) -> Result<Self, JwkError> {
        if text.len() > MAX_TEXT {
            return Err(JwkError::TooMany);
        }
        let object = parse_object(text).ok_or(JwkError::Malformed)?;
        let Some(list) = object.get("keys") else {
            return Ok(Self { keys: vec![jwk::parse(&object)?], skipped: 0 });
        };
        let objects: Option<Vec<_>> =
            list.as_array().and_then(|list| list.iter().map(Value::as_object).collect());
        let objects = objects.ok_or(JwkError::Malformed)?;
        if objects.len() > MAX_KEYS {
            return Err(JwkError::TooMany);
        }
        check_set(&objects)?;
        let keys: Vec<_> = objects.iter().filter_map(|object| jwk::parse(object).ok()).collect();
        Ok(Self { skipped: objects.len().saturating_sub(keys.len()), keys })
    }

    /// Takes the keys.
    #[must_use]
    pub fn into_keys(self) -> Vec<VerifyingKey> {
        self.keys.into_iter().map(|(_, key)| key).collect()
    }

    /// How many keys can be used.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no key can be used.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys of the document were left out.
    #[must_use]
    pub const fn skipped(&self) -> usize {
        self.skipped
    }

    /// The algorithms of the keys.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.keys.iter().map(|(_, key)| key.algorithm())
    }

    /// Those for these algorithms, without any secret.
    #[must_use]
    pub fn of_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        let before = self.keys.len();
        let is_fine =
            |key: &VerifyingKey| !key.is_secret() && algorithms.contains(&key.algorithm());
        self.keys.retain(|(_, key)| is_fine(key));
        self.skipped = self.skipped.saturating_add(before.saturating_sub(self.keys.len()));
        self
    }

    /// Whether tokens that name this key can be checked.
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.named(id).or_else(|| self.only_nameless()).is_some()
    }

    /// How many keys are not in `others`, and how many of `others` are not here. A key under another
    /// id is another one.
    #[must_use]
    pub fn differences(&self, others: &Self) -> (usize, usize) {
        let is_in = |all: &Self, (id, key): &(Option<String>, VerifyingKey)| {
            let thumbprint = key.thumbprint();
            all.keys.iter().any(|(own, it)| own == id && it.thumbprint() == thumbprint)
        };
        let missing =
            |one: &Self, other: &Self| one.keys.iter().filter(|it| !is_in(other, it)).count();
        (missing(self, others), missing(others, self))
    }

    /// The public keys as a JWK set.
    #[must_use]
    pub fn to_jwks(&self) -> Value {
        let keys: Vec<Value> = self.keys.iter().filter_map(|(_, key)| key.to_jwk()).collect();
        json!({ "keys": keys })
    }

    /// The key that a header means: the one of its `kid`, else the only one of its algorithm.
    ///
    /// # Errors
    /// [`JwsError::UnknownKey`]: with an issuer outside it may be new, so fetch its set again, not
    /// too often; [`JwsError::Algorithm`] when the key is for another algorithm.
    pub fn choose(&self, header: &Header) -> Result<&VerifyingKey, JwsError> {
        let key = match &header.key {
            Some(wanted) => self.named(wanted).or_else(|| self.only_nameless()),
            None => self.only_of(header.algorithm),
        };
        let key = key.ok_or(JwsError::UnknownKey)?;
        if key.algorithm() == header.algorithm { Ok(key) } else { Err(JwsError::Algorithm) }
    }

    fn named(&self, wanted: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|(id, _)| id.as_deref() == Some(wanted)).map(|(_, key)| key)
    }

    /// The key of a set that holds one alone, which has no name.
    fn only_nameless(&self) -> Option<&VerifyingKey> {
        match self.keys.as_slice() {
            [(None, key)] => Some(key),
            _ => None,
        }
    }

    fn only_of(&self, algorithm: Algorithm) -> Option<&VerifyingKey> {
        let mut found = self.keys.iter().filter(|(_, key)| key.algorithm() == algorithm);
        let (_, key) = found.next()?;
        found.next().is_none().then_some(key)
    }
}

/// What makes a whole set doubtful.
fn check_set(objects: &[&Map<String, Value>]) -> Result<(), JwkError> {
    let is_secret =
        |object: &&&Map<String, Value>| object.get("kty").and_then(Value::as_str) == Some("oct");
    let secrets = objects.iter().filter(is_secret).count();
    if secrets > 0 && secrets < objects.len() {
        return Err(JwkError::Mixed);
    }
    let mut ids: Vec<&str> =
        objects.iter().filter_map(|object| object.get("kid").and_then(Value::as_str)).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < count { Err(JwkError::Duplicate) } else { Ok(()) }
}
