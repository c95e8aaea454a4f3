//! Who asks, and when.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

/// Who asks, and when.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client's address.
    pub client: IpAddr,
    /// The client's port.
    pub client_port: u16,
    /// The address the request came to.
    pub server: IpAddr,
    /// The port the request came to.
    pub server_port: u16,
    /// The id of the request, `UNIQUE_ID`.
    pub unique_id: String,
    /// When the request came.
    pub now: Timestamp,
}

impl Connection {
    /// A connection from and to the loopback address, at the start of Unix time.
    #[must_use]
    pub fn local() -> Self {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self {
            client: loopback,
            client_port: 0,
            server: loopback,
            server_port: 80,
            unique_id: "0".to_owned(),
            now: Timestamp::UNIX_EPOCH,
        }
    }
}
