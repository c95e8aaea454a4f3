//! The PROXY protocol, versions 1 and 2: a load balancer that passes connections on says in front
//! of each whose it is. Believed only on listeners where it is switched on and from listed peers;
//! there every connection must begin with it, so that nobody is taken for the balancer.

mod config;
mod header;
mod read;
mod version_one;
mod version_two;

#[cfg(test)]
mod tests;

pub use config::{ProxyProtocol, ProxyProtocolSection};
pub(crate) use header::fuzz;
pub(super) use read::{NoHeader, read};
