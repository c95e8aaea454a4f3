//! Issuers outside: whose signed tokens count here, and what of theirs means something here.
//!
//! | wanted | use |
//! |---|---|
//! | the tokens of an issuer, checked with the keys that it publishes | [`OutsideIssuer`] |
//! | what its claims mean here: whose name, which roles and scopes | [`Mapping`] |
//! | what it publishes, fetched | [`Documents`], implemented by whoever may open sockets |
//! | where its keys are, when only its name is known | [`discover`] |
//!
//! An issuer's keys are fetched by one task of its own ([`OutsideIssuer::keep`]), never by a request:
//! a request whose key is not known wakes that task and waits a moment. What the issuer cannot be
//! asked for is taken from the last answer, for as long as the settings allow; then its tokens
//! count no more.

mod document;
mod issuer;
mod mapping;
mod publication;

pub use document::{Document, Documents, Later, discover};
pub use issuer::{Notice, OutsideIssuer, OutsideIssuers, OutsideSettings};
pub use mapping::{Claim, Gives, Mapped, Mapping};
pub use publication::{Publication, Source};
