//! API keys: `mk_<environment>_<id>_<secret><checksum>`.
//!
//! The secret is shown once and kept as a keyed hash (HMAC-SHA-256 with a key of the ring, purpose
//! [`PURPOSE`]), so that whoever reads the store can neither use a key nor try guesses. A key never
//! grants more than its issuer held, ends at the moment fixed when it was issued however much it is
//! used, and leaves a trace when it is revoked. Rotation adds a secret to the same id; the old ones
//! stay valid for a grace period.

mod policy;
mod record;
mod refusal;
mod scopes;
mod service;
mod store;
mod text;

pub use policy::ApiKeyPolicy;
pub use record::{ApiKeyRecord, SecretVersion};
pub use refusal::{ApiKeyError, ApiKeyRefusal};
pub use scopes::{BadScope, Grants, Scopes};
pub use service::{ApiKeys, Issuer, NewApiKey, VerifiedApiKey};
pub use store::ApiKeyStore;
pub use text::{ApiKeyId, IssuedApiKey, PresentedKey};

/// The purpose of the ring's keys under which secrets of API keys are hashed.
pub const PURPOSE: &str = "api-key";
