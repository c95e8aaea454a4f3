//! Everything about TLS under one configuration. What was made of the files is replaced as a whole
//! when they change. Connections that are open keep what they began with.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_types::Timestamp;
use rustls::server::ProducesTickets;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::choice::Choice;
use super::config::Files;
use super::load::{self, Loaded};
use super::local::{self, LocalCertificate};
use super::watch::Stamp;
use super::{TlsError, TlsSection, client, profile};
use crate::edge::ServerSection;
use crate::http1::Carrier;
use crate::pipeline::ClientCertificate;

/// How HTTPS is spoken, now.
#[derive(Debug)]
pub struct TlsFront {
    local: LocalCertificate,
    current: ArcSwap<Current>,
}

/// What was made of one state of settings and files.
pub(super) struct Current {
    acceptor: TlsAcceptor,
    section: TlsSection,
    local_names: BTreeSet<String>,
    tickets: Arc<dyn ProducesTickets>,
    pub(super) certificates: Vec<Loaded>,
    /// The files as they were before they were read.
    pub(super) stamps: Vec<Stamp>,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current").field("certificates", &self.certificates.len()).finish()
    }
}

impl TlsFront {
    /// Reads the certificates that `server` names, or makes one below the folder `data` where it
    /// asks for that. `None` when nothing listens for HTTPS. Sessions of `before` go on.
    ///
    /// # Errors
    /// [`TlsError`] for the first certificate or key that cannot be used.
    pub(crate) fn open(
        server: &ServerSection,
        data: &Path,
        now: Timestamp,
        before: Option<&Self>,
    ) -> Result<Option<Arc<Self>>, TlsError> {
        if server.tls.listen.is_empty() {
            return Ok(None);
        }
        let local = LocalCertificate::in_folder(data);
        // A session stands for a client certificate, of which less may have been asked before.
        let is_known = server.tls.client_ca.is_some();
        let before = before.filter(|_| !is_known).map(|before| before.current());
        let tickets = before.map(|before| Arc::clone(&before.tickets));
        let tickets = tickets.map_or_else(profile::tickets, Ok);
        let tickets = tickets.map_err(|error| TlsError::new(data, &error))?;
        let first = build(&local, server.tls.clone(), local_names(server), tickets, now)?;
        Ok(Some(Arc::new(Self { local, current: ArcSwap::from_pointee(first) })))
    }

    /// Reads the certificates anew under the same settings.
    pub(super) fn renew(&self, now: Timestamp) -> Result<(), TlsError> {
        let old = self.current.load_full();
        let is_known_by_files = old.section.client_ca.is_some();
        let tickets = if is_known_by_files { None } else { Some(Arc::clone(&old.tickets)) };
        // A session stands for a client certificate, of which the authorities may have changed.
        let tickets = tickets
            .map_or_else(profile::tickets, Ok)
            .map_err(|error| TlsError::new(Path::new("session tickets"), &error))?;
        let names = old.local_names.clone();
        let next = build(&self.local, old.section.clone(), names, tickets, now)?;
        self.current.store(Arc::new(next));
        Ok(())
    }

    pub(super) fn current(&self) -> Arc<Current> {
        self.current.load_full()
    }

    /// The files as they are now.
    pub(super) fn look(&self) -> Vec<Stamp> {
        let current = self.current.load();
        stamps(&current.section, &self.local)
    }

    pub(super) fn interval(&self) -> Duration {
        self.current.load().section.reload_interval
    }

    /// Whether a certificate of our own is to be made anew.
    pub(super) fn is_local(&self) -> bool {
        self.current.load().section.local
    }

    /// The SHA-256 fingerprint of our own certificate, as browsers show it; `None` when the
    /// certificates come from files of the operator.
    #[must_use]
    pub fn local_fingerprint(&self) -> Option<String> {
        let current = self.current.load();
        let own = current.certificates.first().filter(|_| current.section.local)?;
        own.key.cert.first().map(|leaf| profile::fingerprint(leaf))
    }

    /// How long a handshake may take.
    pub(in crate::edge) fn handshake_timeout(&self) -> Duration {
        self.current.load().section.handshake_timeout
    }

    /// One handshake.
    pub(in crate::edge) async fn accept<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let acceptor = self.current.load().acceptor.clone();
        acceptor.accept(stream).await
    }
}

/// What it carries is encrypted: the kernel cannot move it.
impl<S> Carrier for TlsStream<S> {}

/// What the client's certificate says, once a handshake has verified it; `None` when it showed
/// none.
pub(in crate::edge) fn client_of<S>(stream: &TlsStream<S>) -> Option<ClientCertificate> {
    client::describe(stream.get_ref().1.peer_certificates()?.first()?)
}

fn local_names(server: &ServerSection) -> BTreeSet<String> {
    if !server.tls.local {
        return BTreeSet::new();
    }
    let hosts = server.public_host.iter().map(|host| host.name().to_owned());
    local::names(hosts, server.tls.listen.iter().map(std::net::SocketAddr::ip))
}

fn stamps(section: &TlsSection, local: &LocalCertificate) -> Vec<Stamp> {
    let files = files(section, local);
    let all = files.iter().flat_map(|files| [files.cert, files.key]);
    all.chain(section.client_ca.as_deref()).map(Stamp::of).collect()
}

fn files<'a>(section: &'a TlsSection, local: &'a LocalCertificate) -> Vec<Files<'a>> {
    if section.local { vec![local.files()] } else { section.files() }
}

fn build(
    local: &LocalCertificate,
    section: TlsSection,
    local_names: BTreeSet<String>,
    tickets: Arc<dyn ProducesTickets>,
    now: Timestamp,
) -> Result<Current, TlsError> {
    if section.local {
        local.ensure(&local_names, now)?;
    }
    // Before they are read: a change from now on is seen the next time.
    let stamps = stamps(&section, local);
    let files = files(&section, local);
    let certificates: Vec<Loaded> =
        files.iter().map(|files| load::certificate(*files)).collect::<Result<_, _>>()?;
    let choice = Arc::new(Choice::new(&certificates, section.unknown_name));
    let clients = client::verifier(&section)?;
    let failed = |error: rustls::Error| {
        let path = files.first().map_or_else(|| Path::new(""), |files| files.cert);
        TlsError::new(path, &error)
    };
    let config = profile::server(choice, clients, Arc::clone(&tickets)).map_err(failed)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Ok(Current { acceptor, section, local_names, tickets, certificates, stamps })
}
