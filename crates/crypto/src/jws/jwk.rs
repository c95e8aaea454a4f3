//! Reading one key of a JWK (RFC 7517).

use mantlet_types::Secret;
use serde_json::{Map, Value};

use super::der::unsigned;
use super::{Algorithm, JwkError, VerifyingKey};
use crate::text::from_base64url;

/// The longest id of a key, in bytes.
const MAX_KID: usize = 256;

/// A key and the id that tokens name it by; `None` when it has none.
pub(super) fn parse(jwk: &Map<String, Value>) -> Result<(Option<String>, VerifyingKey), JwkError> {
    let kid = text(jwk, "kid")?;
    if kid.is_some_and(|kid| kid.len() > MAX_KID) {
        return Err(JwkError::Malformed);
    }
    check_purpose(jwk)?;
    let key = match (text(jwk, "kty")?, text(jwk, "crv")?) {
        (Some("OKP"), Some("Ed25519")) => VerifyingKey::ed25519(&number(jwk, "x")?),
        (Some("EC"), Some("P-256")) => VerifyingKey::p256(&number(jwk, "x")?, &number(jwk, "y")?),
        (Some("RSA"), None) => {
            VerifyingKey::rsa(&unsigned(&bytes(jwk, "n")?), &unsigned(&bytes(jwk, "e")?))
        }
        (Some("oct"), None) => VerifyingKey::hs256(&Secret::new(bytes(jwk, "k")?)),
        _ => Err(JwkError::Unsupported),
    }?;
    match text(jwk, "alg")? {
        Some(name) if Algorithm::parse(name) == Some(key.algorithm()) => {}
        // A secret says what it is for, or it could be one for encryption.
        None if !key.is_secret() => {}
        _ => return Err(JwkError::Unsupported),
    }
    Ok((kid.map(str::to_owned), key))
}

/// Whether the key is meant for checking signatures; one that does not say is.
fn check_purpose(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    if text(jwk, "use")?.is_some_and(|wanted| wanted != "sig") {
        return Err(JwkError::NotForSignatures);
    }
    let is_verify = |operation: &Value| operation.as_str() == Some("verify");
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(is_verify) => Ok(()),
        Some(_) => Err(JwkError::NotForSignatures),
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, JwkError> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JwkError::Malformed),
    }
}

fn bytes(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JwkError> {
    text(jwk, name)?.and_then(from_base64url).ok_or(JwkError::Malformed)
}

fn number(jwk: &Map<String, Value>, name: &str) -> Result<[u8; 32], JwkError> {
    bytes(jwk, name)?.try_into().map_err(|_| JwkError::Malformed)
}
