//! What holds for one connection from its first byte to its last.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::{ProxyProtocol, ServerSection, TlsError, TlsFront, wire};
use crate::guards::Services;

/// What holds for a connection, as the configuration said when it was accepted. A connection keeps
/// its rules: a new configuration is for the connections after it.
#[derive(Clone)]
pub(crate) struct ConnectionRules {
    pub(super) wire: Arc<wire::Rules>,
    pub(super) send_timeout: Duration,
    /// Most requests at a time under HTTP/2.
    pub(super) max_streams: u32,
    /// The end of TLS; `None` where nothing listens for it.
    pub(crate) tls: Option<Arc<TlsFront>>,
    pub(super) proxy_protocol: Arc<ProxyProtocol>,
    /// Where other proxies ask about requests.
    pub(super) asking: Arc<[SocketAddr]>,
}

impl fmt::Debug for ConnectionRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionRules").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl ConnectionRules {
    /// The rules a section asks for; those before it hand their TLS sessions on.
    ///
    /// # Errors
    /// [`TlsError`] when the certificate or its key cannot be used.
    pub(crate) fn build(
        section: &ServerSection,
        services: &Services,
        before: Option<&Self>,
    ) -> Result<Self, TlsError> {
        let before = before.and_then(|before| before.tls.as_deref());
        Ok(Self {
            wire: Arc::new(section.wire_rules()),
            send_timeout: section.send_timeout,
            max_streams: section.max_streams,
            tls: TlsFront::open(section, &services.data, services.clock.now(), before)?,
            asking: section.forward_auth.listen.as_slice().into(),
            proxy_protocol: Arc::new(ProxyProtocol::new(&section.proxy_protocol)),
        })
    }
}
