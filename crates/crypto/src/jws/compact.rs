//! Tokens as text: `header.payload.signature`.

use serde_json::{Map, Value};

use super::{Algorithm, JwsError, SigningKey, VerifyingKeys, parse_object};
use crate::text::{from_base64url, to_base64url};

/// The longest token, in bytes: what fits into a request's head beside all the rest.
pub const MAX_TOKEN: usize = 16 * 1024;

/// Members of a header by which a token would bring its own key.
const EMBEDDED: [&str; 3] = ["jwk", "jku", "x5u"];

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How the token is signed.
    pub algorithm: Algorithm,
    /// Which key signed it (`kid`).
    pub key: Option<String>,
    /// What kind of token it is (`typ`), in lower case and without `application/`.
    pub kind: Option<String>,
}

/// A token whose signature was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its header.
    pub header: Header,
    /// Its payload, which may be anything.
    pub payload: Vec<u8>,
}

/// Makes a token of `kind` (the `typ` of the header) over `payload`.
///
/// # Errors
/// [`JwsError::TooLong`] when the token would be; [`JwsError::Signature`] when there is no memory
/// to sign.
pub fn sign(
    key: &SigningKey,
    kind: &str,
    payload: &Map<String, Value>,
) -> Result<String, JwsError> {
    let mut header = Map::new();
    header.insert("alg".to_owned(), Value::from(key.algorithm().as_str()));
    header.insert("typ".to_owned(), Value::from(kind));
    let id = key.verifying().thumbprint();
    if !id.is_empty() {
        header.insert("kid".to_owned(), Value::from(id));
    }
    let mut token = to_base64url(Value::Object(header).to_string().as_bytes());
    token.push('.');
    let payload = serde_json::to_vec(payload).map_err(|_| JwsError::Malformed)?;
    token.push_str(&to_base64url(&payload));
    let signature = key.sign(token.as_bytes()).ok_or(JwsError::Signature)?;
    token.push('.');
    token.push_str(&to_base64url(&signature));
    if token.len() > MAX_TOKEN { Err(JwsError::TooLong) } else { Ok(token) }
}

/// What a token claims, unchecked: to find out who has to check it, and for nothing else. `None` when
/// that cannot be read.
#[must_use]
pub fn unchecked_claims(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    parse_object(&from_base64url(payload)?)
}

/// Checks the signature of `token` with one of `keys`.
///
/// # Errors
/// [`JwsError`] for anything else than a token in compact form with a signature of the key and the
/// algorithm that it names.
pub fn verify(token: &str, keys: &VerifyingKeys) -> Result<Signed, JwsError> {
    if token.len() > MAX_TOKEN {
        return Err(JwsError::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(JwsError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(JwsError::Malformed)?;
    let header = parse_header(&from_base64url(header).ok_or(JwsError::Malformed)?)?;
    let payload = from_base64url(payload).ok_or(JwsError::Malformed)?;
    let signature = from_base64url(signature).ok_or(JwsError::Malformed)?;
    if !keys.choose(&header)?.has_signed(message.as_bytes(), &signature) {
        return Err(JwsError::Signature);
    }
    Ok(Signed { header, payload })
}

fn parse_header(bytes: &[u8]) -> Result<Header, JwsError> {
    let header = parse_object(bytes).ok_or(JwsError::Header)?;
    if header.contains_key("crit") || header.contains_key("b64") {
        return Err(JwsError::Critical);
    }
    if EMBEDDED.iter().any(|name| header.contains_key(*name)) {
        return Err(JwsError::EmbeddedKey);
    }
    let text = |name: &str| match header.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(JwsError::Header),
    };
    let algorithm = text("alg")?.ok_or(JwsError::Header)?;
    let kind = text("typ")?.map(|kind| {
        let lower = kind.to_ascii_lowercase();
        lower.strip_prefix("application/").map_or_else(|| lower.clone(), str::to_owned)
    });
    Ok(Header {
        algorithm: Algorithm::parse(algorithm).ok_or(JwsError::Algorithm)?,
        key: text("kid")?.map(str::to_owned),
        kind,
    })
}
