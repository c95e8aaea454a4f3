//! Documents about tokens that others read.

use mantlet_crypto::jws::Algorithm;
use serde_json::{Map, Value, json};

use super::VerifiedToken;

/// Where things are, as absolute URLs; `None` where there is no such thing.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// The public keys.
    pub keys: String,
    /// Where tokens are refreshed.
    pub token: Option<String>,
    /// Where they are revoked (RFC 7009).
    pub revocation: Option<String>,
    /// Where they are asked about (RFC 7662).
    pub introspection: Option<String>,
}

/// The metadata of an issuer (RFC 8414), for `/.well-known/oauth-authorization-server` and
/// `/.well-known/openid-configuration`. It names what there is and nothing else.
#[must_use]
pub fn discovery(issuer: &str, endpoints: &Endpoints, algorithm: Algorithm) -> Value {
    let mut document = Map::new();
    let optional = [
        ("token_endpoint", &endpoints.token),
        ("revocation_endpoint", &endpoints.revocation),
        ("introspection_endpoint", &endpoints.introspection),
    ];
    document.insert("issuer".to_owned(), Value::from(issuer));
    document.insert("jwks_uri".to_owned(), Value::from(endpoints.keys.as_str()));
    for (name, url) in optional {
        if let Some(url) = url {
            document.insert(name.to_owned(), Value::from(url.as_str()));
        }
    }
    let lists = [
        ("response_types_supported", json!([])),
        ("grant_types_supported", json!(["refresh_token"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!([algorithm.as_str()])),
    ];
    document.extend(lists.map(|(name, list)| (name.to_owned(), list)));
    Value::Object(document)
}

/// The answer to whether a token counts (RFC 7662): what it says, or that it does not, and then
/// nothing else, whatever the cause.
#[must_use]
pub fn introspection(token: Option<&VerifiedToken>) -> Value {
    let Some(token) = token else {
        return json!({ "active": false });
    };
    let known = ["scope", "client_id", "username", "iss", "aud", "sub", "iat", "nbf", "exp", "jti"];
    let said = known
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), token.claims.get(*name)?.clone())));
    let mut answer: Map<String, Value> = said.collect();
    answer.insert("active".to_owned(), Value::Bool(true));
    answer.insert("token_type".to_owned(), Value::from("Bearer"));
    Value::Object(answer)
}
