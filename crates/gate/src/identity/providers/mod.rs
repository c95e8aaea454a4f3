//! `[identity.providers.NAME]`: outside OpenID Connect providers that people sign in with.

mod config;
mod provider;

pub use config::{GroupRole, ProviderSection, SecondFactorOf};
pub(crate) use provider::{Provider, ProviderError, Return};
