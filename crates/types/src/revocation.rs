//! Revocation: ending what is already running when the right to it ends.

use std::fmt::Debug;

use ipnet::IpNet;

/// Whose running connections are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Everyone in a network.
    Network(IpNet),
    /// One signed-in principal, by its id.
    Principal(String),
    /// Whoever came with one credential (a session, an API key, a token), by sixteen bytes that
    /// stand for it.
    Credential([u8; 16]),
}

/// Something that holds long-lived connections (WebSockets, event streams) and can end them.
pub trait Revocation: Debug + Send + Sync {
    /// Ends every running connection of `subject` and says how many there were.
    fn revoke(&self, subject: &Subject) -> usize;
}
