//! What an issuer publishes.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use mantlet_crypto::jws::parse_object;
use serde_json::{Map, Value};

/// An answer, later.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A document as it was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bytes.
    pub body: Vec<u8>,
    /// How long it may be taken for current, by its `Cache-Control`; `None` when that does not say.
    pub fresh: Option<Duration>,
}

/// Fetches what issuers publish.
pub trait Documents: Debug + Send + Sync {
    /// Fetches a document. It ends within a bounded time, follows no redirect, and gives no document
    /// that is larger than an issuer needs.
    ///
    /// # Errors
    /// Why there is none, for the operator.
    fn get<'a>(&'a self, url: &'a str) -> Later<'a, Result<Document, String>>;
}

/// Where an issuer says where it keeps its metadata (OpenID Connect Discovery 1.0, section 4; RFC
/// 8414 puts it elsewhere, which issuers of access tokens mostly offer beside it).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// What `issuer` says of itself, found by its name alone. Its `issuer` is that name, exactly.
///
/// # Errors
/// Why there is none, for the operator.
pub async fn discover(
    documents: &dyn Documents,
    issuer: &str,
) -> Result<Map<String, Value>, String> {
    let url = format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/'));
    let document = documents.get(&url).await?;
    let Some(metadata) = parse_object(&document.body) else {
        return Err(format!("`{url}` is no JSON object"));
    };
    match metadata.get("issuer").and_then(Value::as_str) {
        // Otherwise one issuer could speak for another (section 4.3).
        Some(named) if named == issuer => Ok(metadata),
        Some(named) => {
            let named: String = named.chars().take(200).collect();
            Err(format!("`{url}` is about another issuer, `{}`", named.escape_debug()))
        }
        None => Err(format!("`{url}` does not name its issuer")),
    }
}
