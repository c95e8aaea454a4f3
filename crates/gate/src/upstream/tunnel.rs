//! Connections that have left HTTP (WebSockets): passed through both ways, listed, and ended when
//! asked: by an operator's block, by a revoked identity, by a drain.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use mantlet_event::{Event, Events, Metrics, catalogue, field, task};
use mantlet_types::{RequestId, Revocation, Subject};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;

/// Bytes that wait in one direction at most.
const BUFFER_BYTES: usize = 16 * 1024;

/// How long the two ends may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Every upgraded connection of this process.
#[derive(Debug, Clone)]
pub struct TunnelRegistry(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    events: Events,
    metrics: Metrics,
    limit: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    entries: Vec<Entry>,
    is_closed: bool,
}

#[derive(Debug)]
struct Entry {
    id: RequestId,
    client: IpAddr,
    principal: Option<String>,
    end: watch::Sender<Option<&'static str>>,
}

/// What is about to be passed through.
#[derive(Debug)]
pub struct Tunnel {
    /// The request that asked for it.
    pub id: RequestId,
    /// Whose it is.
    pub client: IpAddr,
    /// The signed-in principal, where there is one.
    pub principal: Option<String>,
    /// How long both directions may be silent.
    pub idle_timeout: Duration,
}

impl TunnelRegistry {
    /// An empty registry that holds at most `limit` connections.
    #[must_use]
    pub fn new(limit: usize, events: Events, metrics: Metrics) -> Self {
        Self(Arc::new(Registry { events, metrics, limit, open: Mutex::default() }))
    }

    /// A place for a connection that is about to be upgraded, taken before the application is
    /// asked: a block or a drain that comes meanwhile ends it too. `None` when all are taken, or
    /// the server is stopping.
    #[must_use]
    pub fn reserve(&self, tunnel: Tunnel) -> Option<Slot> {
        let mut open = self.lock();
        if open.is_closed || open.entries.len() >= self.0.limit {
            return None;
        }
        let (end, ended) = watch::channel(None);
        let Tunnel { id, client, principal, idle_timeout } = tunnel;
        open.entries.push(Entry { id, client, principal, end });
        drop(open);
        self.0.metrics.upgrade_opened();
        Some(Slot { registry: self.clone(), id, client, idle_timeout, ended })
    }

    /// How many connections are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends every connection, for `why`, and lets no new one begin.
    pub fn close(&self, why: &'static str) -> usize {
        self.lock().is_closed = true;
        self.end(why, |_| true)
    }

    fn end(&self, why: &'static str, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let open = self.lock();
        let meant = open.entries.iter().filter(|entry| is_meant(entry));
        meant.filter(|entry| entry.end.send(Some(why)).is_ok()).count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one connection, from before its handshake to its end.
#[derive(Debug)]
pub struct Slot {
    registry: TunnelRegistry,
    id: RequestId,
    client: IpAddr,
    idle_timeout: Duration,
    ended: watch::Receiver<Option<&'static str>>,
}

impl Slot {
    /// Waits for both sides to leave HTTP, then passes bytes both ways until either ends, both
    /// are silent for too long, or someone asks for the end.
    pub fn open(self, client: OnUpgrade, upstream: OnUpgrade) {
        let events = self.registry.0.events.clone();
        task::spawn(&events.clone(), "upgraded connection", async move {
            let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) else { return };
            let (client, upstream) = (TokioIo::new(client), TokioIo::new(upstream));
            let why = pass(client, upstream, self.idle_timeout, self.ended.clone()).await;
            events.emit(
                Event::new(&catalogue::UPGRADE_CONNECTION_ENDED)
                    .request(self.id)
                    .text(field::CLIENT, self.client.to_string())
                    .text(field::MESSAGE, why),
            );
        });
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.registry.lock();
        if let Some(place) = open.entries.iter().position(|entry| entry.id == self.id) {
            open.entries.swap_remove(place);
        }
        drop(open);
        self.registry.0.metrics.upgrade_closed();
    }
}

impl Revocation for TunnelRegistry {
    fn revoke(&self, subject: &Subject) -> usize {
        match subject {
            Subject::Network(network) => {
                self.end("address blocked", |entry| network.contains(&entry.client))
            }
            Subject::Principal(id) => {
                self.end("identity revoked", |entry| entry.principal.as_ref() == Some(id))
            }
        }
    }
}

/// Passes bytes both ways, each independently of the other, and says why it ended.
async fn pass(
    client: impl AsyncRead + AsyncWrite + Unpin,
    upstream: impl AsyncRead + AsyncWrite + Unpin,
    idle: Duration,
    mut ended: watch::Receiver<Option<&'static str>>,
) -> &'static str {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_upstream, mut to_upstream) = tokio::io::split(upstream);
    let passed = AtomicU64::new(0);
    let why = tokio::select! {
        () = relay(&mut from_client, &mut to_upstream, &passed) => "client closed",
        () = relay(&mut from_upstream, &mut to_client, &passed) => "upstream closed",
        asked = ended.wait_for(Option::is_some) => {
            asked.ok().and_then(|why| *why).unwrap_or("ended")
        }
        () = silence(&passed, idle) => "idle",
    };
    let goodbye = async { tokio::join!(to_client.shutdown(), to_upstream.shutdown()) };
    // A side that is gone already cannot be said goodbye to.
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
    why
}

/// Passes bytes one way until either side fails or ends.
async fn relay(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    passed: &AtomicU64,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let Ok(size) = from.read(&mut buffer).await else { return };
        let Some(bytes) = buffer.get(..size).filter(|bytes| !bytes.is_empty()) else { return };
        if to.write_all(bytes).await.is_err() || to.flush().await.is_err() {
            return;
        }
        passed.fetch_add(size as u64, Ordering::Relaxed);
    }
}

/// Ends when nothing has passed for `idle`, to within twice that time.
async fn silence(passed: &AtomicU64, idle: Duration) {
    loop {
        let before = passed.load(Ordering::Relaxed);
        tokio::time::sleep(idle).await;
        if passed.load(Ordering::Relaxed) == before {
            return;
        }
    }
}
