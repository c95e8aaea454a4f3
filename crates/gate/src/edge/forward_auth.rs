//! The listener on which other proxies ask about requests before they pass them on.

use std::net::SocketAddr;

use mantlet_config::{Reader, section};

use super::ServerSection;

section! {
    /// Where other proxies ask whether a request may go on, before they pass it on themselves: nginx
    /// (`auth_request`), Caddy and Traefik (forward auth), HAProxy (Lua), Envoy (`ext_authz`). Only
    /// `[client] trusted_proxies` are answered.
    pub struct ForwardAuthSection {
        /// Addresses to listen on, of this machine or of the network that the proxies are in. Nothing
        /// is forwarded there, and no page is served. Empty: nowhere.
        pub listen: Vec<SocketAddr> = Vec::new(),
    }
}

impl ForwardAuthSection {
    /// Finds what the types cannot say.
    pub(super) fn check(&self, server: &ServerSection, reader: &mut Reader<'_>) {
        let key = "server.forward_auth.listen";
        for address in &self.listen {
            if address.port() == 0 {
                reader.error(key, "port 0 is any port", "name the port");
            }
            if server.proxy_protocol.listen.contains(address) {
                let message = format!("the PROXY protocol is not spoken on `{address}`");
                reader.error(key, message, "leave it out of `server.proxy_protocol.listen`");
            }
        }
    }
}
