//! Who asks: API keys, tokens, sessions, passwords, second factors and what slows guessing down.
//!
//! | wanted | use |
//! |---|---|
//! | accounts | [`account::Accounts`] |
//! | a key for a program | [`api_key::ApiKeys`] |
//! | a signed token, ours or another issuer's | [`token`] |
//! | the tokens of an issuer outside, by the keys that it publishes | [`outside`] |
//! | the certificate of a client | [`certificate::Certificates`] |
//! | its successor, without asking for a password | [`refresh::RefreshTokens`] |
//! | a credential that counts once, for a WebSocket | [`ticket::Tickets`] |
//! | passwords: which are taken, and their hashes | [`password`] |
//! | a second factor | [`factor::SecondFactors`] |
//! | a passkey, as that or alone | [`passkey::Passkeys`] |
//! | what slows guessing down | [`lockout::Lockout`] |
//! | links by which somebody sets their password | [`password_link::Links`] |
//! | signing in with all of these | [`signin::SignIn`] |
//! | signing in with an outside provider | [`provider`] |
//! | the session of a person | [`session::Sessions`] |
//! | the end of any of these before its time | [`revocation::Revocations`] |
//! | all of these over one store, and who showed a credential | [`directory::Directory`] |
//!
//! Nothing here opens a socket or a file. What must last lies behind the traits of [`store`];
//! [`memory`] implements them for tests and trials. Time and randomness are arguments. Every refusal
//! has a typed cause for the operator's log; what the client is told is the caller's to decide, and
//! should be the same for all of them.

pub mod account;
pub mod api_key;
pub mod approval;
pub mod cache;
pub mod certificate;
mod checked_text;
pub mod directory;
pub mod factor;
mod id;
pub mod lockout;
pub mod memory;
pub mod outside;
pub mod passkey;
pub mod password;
pub mod password_link;
pub mod provider;
pub mod refresh;
pub mod revocation;
pub mod session;
pub mod signin;
pub mod store;
pub mod ticket;
mod time;
pub mod token;
mod trace;

pub use id::{BadUserId, UserId};
pub use trace::Trace;
