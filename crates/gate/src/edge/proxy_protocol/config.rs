//! Settings of the PROXY protocol.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mantlet_config::{Cidr, Reader, section};

use crate::edge::ServerSection;

section! {
    /// Load balancers that say in front of each connection whose it is (PROXY protocol, versions
    /// 1 and 2).
    pub struct ProxyProtocolSection {
        /// The addresses of `listen` and `tls.listen` on which every connection begins with a
        /// PROXY header. Empty: none.
        pub listen: Vec<SocketAddr> = Vec::new(),
        /// Networks of the balancers that are believed; on those listeners nobody else is served.
        pub from: Vec<Cidr> = Vec::new(),
        /// How long the header may take.
        pub timeout: Duration = Duration::from_secs(5),
    }
}

/// Where the PROXY protocol is spoken, and by whom.
#[derive(Debug, Clone)]
pub struct ProxyProtocol(ProxyProtocolSection);

impl ProxyProtocol {
    /// What the section says.
    #[must_use]
    pub fn new(section: &ProxyProtocolSection) -> Self {
        Self(section.clone())
    }

    /// Whether it is spoken on the listener at `address`.
    #[must_use]
    pub fn is_spoken_on(&self, address: SocketAddr) -> bool {
        self.0.listen.contains(&address)
    }

    /// Whether `peer` is believed.
    #[must_use]
    pub fn is_believed(&self, peer: IpAddr) -> bool {
        self.0.from.iter().any(|network| network.contains(peer))
    }

    pub(super) const fn timeout(&self) -> Duration {
        self.0.timeout
    }
}

impl ProxyProtocolSection {
    /// Finds what the types cannot say.
    pub(in crate::edge) fn check(&self, server: &ServerSection, reader: &mut Reader<'_>) {
        for address in &self.listen {
            if !server.listen.contains(address) && !server.tls.listen.contains(address) {
                let message = format!("nothing listens on `{address}`");
                let hint = "name an address of `[server] listen` or `[server.tls] listen`";
                reader.error("server.proxy_protocol.listen", message, hint);
            }
            if address.port() == 0 {
                let hint = "name the port";
                reader.error("server.proxy_protocol.listen", "port 0 is any port", hint);
            }
        }
        match (self.listen.is_empty(), self.from.is_empty()) {
            (false, true) => {
                let hint = "name the addresses of the balancers in `from`";
                reader.error("server.proxy_protocol.from", "nobody would be served", hint);
            }
            (true, false) => {
                let hint = "name the listeners in `listen`";
                reader.error("server.proxy_protocol.listen", "no listener speaks it", hint);
            }
            _ => {}
        }
        for network in self.from.iter().filter(|network| network.network().prefix_len() == 0) {
            let message = format!("`{network}` trusts everyone: any client may choose its address");
            let hint = "name the addresses of the balancers";
            reader.warn("server.proxy_protocol.from", message, hint);
        }
        if self.timeout.is_zero() {
            let hint = "choose at least `1ms`";
            let message = "a timeout of zero lets nothing through";
            reader.error("server.proxy_protocol.timeout", message, hint);
        }
    }
}
