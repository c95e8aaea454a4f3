//! How the servers are, for operators.

use mantlet_types::Monotonic;

use super::Upstreams;

/// How one server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerStatus {
    /// Its address, as configured.
    pub address: String,
    /// `up`, `ejected` (passed over while others are well) or `resting` (left alone).
    pub state: &'static str,
    /// Requests that it is answering.
    pub active: usize,
    /// Connections that are open, used or not.
    pub connections: usize,
}

impl Upstreams {
    /// How every server is.
    #[must_use]
    pub fn status(&self, now: Monotonic) -> Vec<ServerStatus> {
        let status = self.iter().map(|upstream| ServerStatus {
            address: upstream.to_string(),
            state: match () {
                () if upstream.breaker.is_open(now) => "resting",
                () if !upstream.health.is_usable(now) => "ejected",
                () => "up",
            },
            active: upstream.active(),
            connections: upstream.connections(),
        });
        status.collect()
    }
}
