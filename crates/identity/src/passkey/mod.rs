//! Passkeys: key pairs of authenticators that sign people in (WebAuthn Level 3), as a second factor
//! or in place of the password.
//!
//! | wanted | use |
//! |---|---|
//! | what a browser has to sign | [`Passkeys::challenge`] |
//! | a new passkey | [`Passkeys::register`] |
//! | a sign-in with one | [`Passkeys::check`] |
//!
//! A challenge is bound to what it is for and to who got it, counts for [`CHALLENGE_LIFETIME`], once,
//! and only in the process that made it. The origin and the host that a signature is for are compared
//! exactly. What an authenticator says of its maker (attestation) is not asked for and not looked at:
//! whoever registers a passkey is signed in already.

mod authenticator;
mod challenge;
mod client_data;
mod error;
mod record;
mod service;
mod store;

pub use challenge::{CHALLENGE_LIFETIME, Purpose};
pub use error::PasskeyError;
pub use record::{Passkey, PasskeyId, PasskeyLabel, Site};
pub use service::{Created, Passkeys, Shown, Wanted};
pub use store::PasskeyStore;
