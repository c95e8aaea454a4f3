//! Who asks: API keys, tokens, sessions, passwords, second factors and what slows guessing down.
//!
//! | wanted | use |
//! |---|---|
//! | a key for a program | [`api_key::ApiKeys`] |
//!
//! Nothing here opens a socket or a file. What must last lies behind the traits of [`store`];
//! [`memory`] implements them for tests and trials. Time and randomness are arguments. Every refusal
//! has a typed cause for the operator's log; what the client is told is the caller's to decide, and
//! should be the same for all of them.

pub mod api_key;
mod checked_text;
mod id;
pub mod memory;
pub mod store;
mod time;
mod trace;

pub use id::{BadUserId, UserId};
pub use trace::Trace;
