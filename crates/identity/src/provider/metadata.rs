//! What a provider publishes of itself (OpenID Connect Discovery 1.0).

use std::fmt;

use serde_json::{Map, Value};

/// The longest address of an endpoint, in bytes.
const MAX_ADDRESS: usize = 2048;

/// What a provider publishes of itself, as far as we need it. That its addresses are safe to ask is
/// looked at by whoever asks them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers are sent.
    pub authorization: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Where its keys are.
    pub keys: String,
    /// Whether it says on the way back who it is (RFC 9207).
    pub says_issuer: bool,
    /// Whether it takes our secret in the body alone, not in a header.
    pub wants_secret_in_body: bool,
}

impl Metadata {
    /// Reads what a provider says of itself ([`crate::outside::discover`]).
    ///
    /// # Errors
    /// [`MetadataError`].
    pub fn read(said: &Map<String, Value>) -> Result<Self, MetadataError> {
        let methods = said.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        let takes = |name: &str| {
            methods.is_some_and(|all| all.iter().any(|method| method.as_str() == Some(name)))
        };
        Ok(Self {
            authorization: address(said, "authorization_endpoint")?,
            token: address(said, "token_endpoint")?,
            keys: address(said, "jwks_uri")?,
            says_issuer: said.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
            wants_secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
        })
    }
}

fn address(said: &Map<String, Value>, name: &'static str) -> Result<String, MetadataError> {
    let text = said.get(name).and_then(Value::as_str);
    let text = text.filter(|text| (1..=MAX_ADDRESS).contains(&text.len()));
    text.map(str::to_owned).ok_or(MetadataError(name))
}

/// The provider's document lacks an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetadataError(&'static str);

impl fmt::Display for MetadataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the provider's document lacks `{}`", self.0)
    }
}

impl std::error::Error for MetadataError {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_address_is_needed() {
        let said = json!({
            "authorization_endpoint": "https://id.example.org/a?p=1",
            "token_endpoint": "https://id.example.org/t",
            "jwks_uri": "https://id.example.org/k",
        });
        let said = said.as_object().unwrap();
        let plain = Metadata::read(said).unwrap();
        assert!(!plain.says_issuer && !plain.wants_secret_in_body);
        for name in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
            for value in [json!(null), json!(7), json!(""), json!("x".repeat(2049))] {
                let mut said = said.clone();
                said.insert(name.to_owned(), value);
                assert_eq!(Metadata::read(&said), Err(MetadataError(name)));
            }
        }
        let mut said = said.clone();
        said.insert("authorization_response_iss_parameter_supported".into(), true.into());
        for (methods, in_body) in [
            (json!(["client_secret_post"]), true),
            (json!(["client_secret_post", "client_secret_basic"]), false),
            (json!(["private_key_jwt"]), false),
        ] {
            said.insert("token_endpoint_auth_methods_supported".into(), methods);
            let rich = Metadata::read(&said).unwrap();
            assert!(rich.says_issuer);
            assert_eq!(rich.wants_secret_in_body, in_body);
        }
    }
}
