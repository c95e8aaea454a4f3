//! Signed tokens (JWT, RFC 7519) by the advice of RFC 8725 and the profile of RFC 9068: what is in
//! them, when they count, and documents about them.
//!
//! | wanted | use |
//! |---|---|
//! | tokens of our own | [`TokenKeys`] of the key ring, [`TokenIssuer`] |
//! | checking ours, another issuer's, or those of an application that used PyJWT | [`Verifier`] with a [`TokenPolicy`] |
//! | what others need to check ours | [`TokenKeys::to_jwks`], [`discovery()`] |
//! | whether a token counts, over HTTP | [`introspection()`] |

mod claims;
mod documents;
mod error;
mod issuer;
mod keys;
mod legacy;
mod policy;
mod verifier;

pub use claims::{GRANT, VerifiedToken};
pub use documents::{Endpoints, discovery, introspection};
pub use error::TokenError;
pub use issuer::{NewToken, TokenIssuer};
pub use keys::TokenKeys;
pub use legacy::{LegacySecretError, legacy_secret};
pub use policy::TokenPolicy;
pub use verifier::Verifier;

/// The purpose of the ring's keys of which tokens are signed.
pub const PURPOSE: &str = "token";
