//! How many connections there are, and whether there may be one more.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mantlet_event::{Metrics, catalogue, reasons};
use mantlet_limit::{ConcurrencyLimit, Key, Permit};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use super::ServerSection;
use crate::pipeline::{Denial, Sketch};
use crate::refusal;
use crate::way::Worker;

/// How long a client that is one too many may take to read that.
const FAREWELL: Duration = Duration::from_secs(1);

/// Most clients that are told so at a time; further ones are cut off without a word.
const MAX_FAREWELLS: usize = 256;

/// The connections that are open, on all workers.
#[derive(Debug)]
pub(super) struct Admission {
    open: AtomicUsize,
    limit: AtomicUsize,
    by_address: ConcurrencyLimit,
    farewells: Arc<Semaphore>,
    closed: Notify,
    metrics: Metrics,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Open(Arc<Admission>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.connection_closed();
        self.0.open.fetch_sub(1, Ordering::AcqRel);
        self.0.closed.notify_waiters();
    }
}

/// What stands against a connection: the key of the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full(&'static str);

impl Admission {
    pub(super) fn new(section: &ServerSection, metrics: Metrics) -> Self {
        let (limit, per_address) = limits(section);
        Self {
            open: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            by_address: ConcurrencyLimit::new(per_address, limit),
            farewells: Arc::new(Semaphore::new(MAX_FAREWELLS)),
            closed: Notify::new(),
            metrics,
        }
    }

    /// New limits; connections that are over them stay.
    pub(super) fn set_limits(&self, section: &ServerSection) {
        let (limit, per_address) = limits(section);
        self.limit.store(limit, Ordering::Release);
        self.by_address.set_limits(per_address, limit);
    }

    /// Counts one more connection until what is returned is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Open, Full> {
        let limit = self.limit.load(Ordering::Acquire);
        let more = |open: usize| (open < limit).then(|| open.saturating_add(1));
        match self.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => {
                self.metrics.connection_opened();
                Ok(Open(Arc::clone(self)))
            }
            Err(_) => Err(Full("server.max_connections")),
        }
    }

    /// Counts one more connection of this address; `None` for one that is exempt and over.
    pub(super) fn enter_from(
        &self,
        client: IpAddr,
        is_exempt: bool,
    ) -> Result<Option<Permit>, Full> {
        match self.by_address.acquire(&Key::of_address(0, client)) {
            Ok(permit) => Ok(Some(permit)),
            Err(_) if is_exempt => Ok(None),
            Err(_) => Err(Full("server.max_connections_per_address")),
        }
    }

    /// Whether there is no connection.
    pub(super) fn is_empty(&self) -> bool {
        self.open.load(Ordering::Acquire) == 0
    }

    /// Waits until there is no connection any more, looking now and then whether `is_over`.
    pub(super) async fn all_closed(&self, is_over: impl Fn() -> bool, pause: Duration) {
        loop {
            let closed = self.closed.notified();
            if self.is_empty() && is_over() {
                return;
            }
            // Upgraded connections are not counted here.
            let _ = tokio::time::timeout(pause, closed).await;
        }
    }

    /// Says 503 on a plain connection and closes; over TLS there is nothing to say before a
    /// handshake. What is turned away does not count as open.
    pub(super) async fn turn_away(
        &self,
        full: Full,
        stream: TcpStream,
        peer: SocketAddr,
        is_tls: bool,
        worker: &Worker,
    ) {
        self.metrics.limit_reached(full.0);
        let gate = &*worker.gate;
        let id = mantlet_types::RequestId::new(gate.clock.now(), &*gate.rng);
        let denial = Denial::new(&reasons::TOO_MANY_CONNECTIONS);
        let client = peer.ip().to_canonical();
        let sketch =
            Sketch { id, client, peer, method: "", host: "", path: "", route: "", user: "" };
        worker.runner.report_stage(&catalogue::GATEWAY_REQUEST_REFUSED, "edge", &sketch, &denial);
        let Ok(_farewell) = self.farewells.try_acquire() else { return };
        if !is_tls {
            say(stream, &refusal::render_raw(&denial, id)).await;
        }
    }
}

fn limits(section: &ServerSection) -> (usize, u32) {
    let limit = usize::try_from(section.max_connections).unwrap_or(usize::MAX);
    (limit, section.max_connections_per_address)
}

async fn say(mut stream: TcpStream, answer: &[u8]) {
    // Whether the client reads it is its own affair.
    let _ = tokio::time::timeout(FAREWELL, async {
        stream.write_all(answer).await?;
        stream.shutdown().await
    })
    .await;
}
