//! Signed tokens: JWS in its compact form (RFC 7515), with the keys that make and check them
//! (RFC 7517, 7518, 8037).
//!
//! The algorithm belongs to the key, never to the token: a header that names another is refused.
//! There is no `none`, no key out of a header (`jwk`, `jku`, `x5u`), no extension (`crit`), no
//! second member of the same name, no base64 that says the same bytes in another way. What the
//! payload means (issuer, audience, times) is the caller's.

mod algorithm;
mod compact;
mod der;
mod error;
mod json;
mod jwk;
mod keys;
mod roca;
mod signing;
#[cfg(test)]
mod tests;
mod verifying;

pub use algorithm::Algorithm;
pub use compact::{Header, MAX_TOKEN, Signed, sign, unchecked_claims, verify};
pub use error::{JwkError, JwsError};
pub use json::parse_object;
pub use keys::VerifyingKeys;
pub use signing::SigningKey;
pub use verifying::VerifyingKey;
