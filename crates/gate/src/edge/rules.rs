//! What holds for one connection from its first byte to its last.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use super::{ServerSection, TlsError, tls, wire};

/// What holds for a connection, as the configuration said when it was accepted. A connection keeps
/// its rules: a new configuration is for the connections after it.
#[derive(Clone)]
pub(crate) struct ConnectionRules {
    pub(super) wire: Arc<wire::Rules>,
    pub(super) send_timeout: Duration,
    /// Most requests at a time under HTTP/2.
    pub(super) max_streams: u32,
    pub(super) handshake_timeout: Duration,
    /// The end of TLS; `None` where no certificate is configured.
    pub(super) acceptor: Option<TlsAcceptor>,
}

impl fmt::Debug for ConnectionRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionRules").field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl ConnectionRules {
    /// The rules a section asks for.
    ///
    /// # Errors
    /// [`TlsError`] when the certificate or its key cannot be used.
    pub(crate) fn build(section: &ServerSection) -> Result<Self, TlsError> {
        Ok(Self {
            wire: Arc::new(section.wire_rules()),
            send_timeout: section.send_timeout,
            max_streams: section.max_streams,
            handshake_timeout: section.tls.handshake_timeout,
            acceptor: tls::acceptor(&section.tls)?,
        })
    }
}
