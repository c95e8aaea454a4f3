//! The admin listener and the control socket: how people and their tools reach a running server.
//!
//! The admin listener speaks HTTP: health, readiness, metrics, and the service API ([`api`]). Before anything is answered, one
//! place ([`AdminServer`]'s door) looks at host and origin; what is not public asks its
//! [`AdminAuth`], and the service API asks for a key or token of somebody. The control socket ([`control`]) is for the command line on the same machine.
//!
//! [`desk`] is what an operator does with accounts and their credentials, with and without a server.
//!
//! To add an endpoint: one file under `endpoints/` and one line in `endpoints/mod.rs`. To add a
//! command: a variant of [`control::Command`] and its arm in [`control::CoreHandler`].
//!
//! Deliberately absent: pages for people, and anything over HTTP that changes something in nobody's
//! name.

pub mod api;
mod auth;
mod config;
pub mod control;
pub mod desk;
mod door;
mod endpoints;
mod refusal;
pub mod scope;
mod server;
#[cfg(test)]
mod tests;

pub use auth::{AdminAuth, AdminIdentity, AuthError, BearerToken, Closed, Open};
pub use config::{AdminSection, BindError};
pub use server::{AdminServer, AdminServices};
