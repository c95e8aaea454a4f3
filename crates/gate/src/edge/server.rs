//! The workers: one thread, one runtime, one pool of upstream connections each.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use mantlet_event::{Event, catalogue, field, reasons, task};
use mantlet_limit::{ConcurrencyLimit, Key};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::connection::{Protocols, Version};
use super::phase::{Phase, PhaseSwitch};
use super::{ConnectionRules, Listeners, ServerSection};
use crate::live::Live;
use crate::pipeline::{Denial, Sketch};
use crate::refusal;
use crate::stages::client::ClientStage;
use crate::way::{Gate, Seat, Worker};

/// How long to wait when the system cannot give another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a client that is one too many may take to read that.
const FAREWELL: Duration = Duration::from_secs(1);

/// A running server.
#[derive(Debug)]
pub struct Server {
    phases: PhaseSwitch,
    workers: Vec<Thread>,
    drain: Duration,
    gate: Arc<Gate>,
}

/// A worker's thread and who works there.
#[derive(Debug)]
struct Thread {
    seat: Arc<Seat>,
    handle: JoinHandle<()>,
}

/// What every worker shares.
#[derive(Clone)]
struct Shared {
    gate: Arc<Gate>,
    phases: PhaseSwitch,
    connections: Arc<Connections>,
    drain: Duration,
    seat: Arc<Seat>,
}

/// The connections that are open, on all workers.
#[derive(Debug)]
struct Connections {
    open: AtomicUsize,
    limit: usize,
    by_address: ConcurrencyLimit,
    closed: Notify,
}

/// One of them.
struct Open(Shared);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.gate.metrics.connection_closed();
        self.0.connections.open.fetch_sub(1, Ordering::AcqRel);
        self.0.connections.closed.notify_waiters();
    }
}

impl Server {
    /// Starts the workers on sockets that are already bound.
    ///
    /// # Errors
    /// [`StartError::Io`] where threads or sockets cannot be had. No worker runs then.
    pub fn start(
        section: &ServerSection,
        listeners: &Listeners,
        gate: Arc<Gate>,
        live: &Arc<Live>,
        phases: PhaseSwitch,
    ) -> Result<Self, StartError> {
        let connections = Arc::new(Connections {
            open: AtomicUsize::new(0),
            limit: usize::try_from(section.max_connections).unwrap_or(usize::MAX),
            by_address: ConcurrencyLimit::new(
                section.max_connections_per_address,
                usize::try_from(section.max_connections).unwrap_or(usize::MAX),
            ),
            closed: Notify::new(),
        });
        let count = match usize::from(section.workers) {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let mut server = Self { phases, workers: Vec::new(), drain: section.drain, gate };
        for index in 0..count {
            let worker = Worker::new(Arc::clone(&server.gate), Arc::clone(live));
            let shared = Shared {
                gate: Arc::clone(&server.gate),
                phases: server.phases.clone(),
                connections: Arc::clone(&connections),
                drain: section.drain,
                seat: Arc::new(Seat::new(worker)),
            };
            match spawn_worker(index, listeners, shared) {
                Ok(thread) => server.workers.push(thread),
                Err(error) => {
                    server.phases.advance(Phase::Over);
                    return Err(StartError(error));
                }
            }
        }
        Ok(server)
    }

    /// From now on `live` holds: for every request that begins after this, and for what concerns
    /// whole connections, for those that are accepted after it. What runs ends as it began.
    pub fn swap(&mut self, live: &Arc<Live>) {
        for thread in &self.workers {
            thread.seat.swap(live);
        }
    }

    /// Stops accepting, lets requests end within the drain time, then cuts off what is left.
    /// Blocks until every worker has ended.
    pub fn drain(self) {
        self.phases.advance(Phase::Draining);
        self.gate.tunnels.close();
        for worker in self.workers {
            // A worker that panicked has reported it; there is nothing left to wait for.
            let _ = worker.handle.join();
        }
        self.phases.advance(Phase::Over);
    }

    /// How long [`Server::drain`] may take.
    #[must_use]
    pub const fn drain_time(&self) -> Duration {
        self.drain
    }
}

/// A server whose threads or sockets cannot be had.
#[derive(Debug)]
pub struct StartError(io::Error);

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot start the workers: {}", self.0)
    }
}

impl std::error::Error for StartError {}

fn spawn_worker(index: usize, listeners: &Listeners, shared: Shared) -> io::Result<Thread> {
    let clone = |all: &[std::net::TcpListener]| {
        all.iter().map(std::net::TcpListener::try_clone).collect::<io::Result<Vec<_>>>()
    };
    let (plain, tls) = (clone(&listeners.plain)?, clone(&listeners.tls)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("gate-{index}"));
    let seat = Arc::clone(&shared.seat);
    let handle = thread.spawn(move || runtime.block_on(run_worker(plain, tls, shared)))?;
    Ok(Thread { seat, handle })
}

async fn run_worker(
    plain: Vec<std::net::TcpListener>,
    tls: Vec<std::net::TcpListener>,
    shared: Shared,
) {
    let gate = Arc::clone(&shared.gate);
    let all = plain.into_iter().map(|listener| (listener, false));
    for (listener, is_tls) in all.chain(tls.into_iter().map(|listener| (listener, true))) {
        let shared = shared.clone();
        task::spawn(&gate.events, "listener", async move {
            match TcpListener::from_std(listener) {
                Ok(listener) => accept(&listener, is_tls, &shared).await,
                Err(error) => shared.gate.events.emit(
                    Event::new(&catalogue::PROCESS_TASK_PANICKED)
                        .text(field::TASK, "listener")
                        .text(field::ERROR, error.to_string()),
                ),
            }
        });
    }
    shared.phases.reached(Phase::Draining).await;
    let all_closed = async {
        loop {
            let closed = shared.connections.closed.notified();
            if shared.connections.open.load(Ordering::Acquire) == 0 && gate.tunnels.is_empty() {
                return;
            }
            // Upgraded connections are not counted as connections: look again now and then.
            let _ = tokio::time::timeout(ACCEPT_PAUSE, closed).await;
        }
    };
    // Whoever is left when the time is up is cut off by the end of the runtime.
    let _ = tokio::time::timeout(shared.drain, all_closed).await;
}

async fn accept(listener: &TcpListener, is_tls: bool, shared: &Shared) {
    let phases = &shared.phases;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = phases.reached(Phase::Draining) => return,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, is_tls, shared),
            // The client is gone already, or the system is out of descriptors or memory.
            Err(error) => {
                shared.gate.metrics.limit_reached("accept");
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

fn admit(stream: TcpStream, peer: SocketAddr, is_tls: bool, shared: &Shared) {
    let worker = shared.seat.worker();
    let connections = &shared.connections;
    let before = connections.open.fetch_add(1, Ordering::AcqRel);
    shared.gate.metrics.connection_opened();
    let open = Open(shared.clone());
    let client = peer.ip().to_canonical();
    let permit = connections.by_address.acquire(&Key::of_address(0, client));
    let is_exempt = worker.live.client.is_trusted(client);
    let reached = match &permit {
        _ if before >= connections.limit => Some("server.max_connections"),
        Err(_) if !is_exempt => Some("server.max_connections_per_address"),
        _ => None,
    };
    // The connection keeps its rules, and not all that was in force when it came.
    let rules = worker.live.connections.clone();
    let shared = shared.clone();
    task::spawn(&worker.gate.events, "connection", async move {
        let _held = (open, permit);
        if let Some(limit) = reached {
            shared.gate.metrics.limit_reached(limit);
            turn_away(stream, peer, is_tls, &shared).await;
        } else {
            serve(stream, peer, is_tls, &shared, rules).await;
        }
    });
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    is_tls: bool,
    shared: &Shared,
    rules: ConnectionRules,
) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let client = ClientStage::of_connection(peer, is_tls);
    let (phases, seat) = (shared.phases.clone(), Arc::clone(&shared.seat));
    let protocols = Protocols { rules, phases, seat };
    if !is_tls {
        return protocols.serve(stream, None, client).await;
    }
    let Some(acceptor) = &protocols.rules.acceptor else { return };
    let handshake_timeout = protocols.rules.handshake_timeout;
    let handshake = tokio::time::timeout(handshake_timeout, acceptor.accept(stream));
    let handshake = tokio::select! {
        handshake = handshake => handshake,
        // Nothing was asked on it yet.
        () = protocols.phases.reached(Phase::Draining) => return,
    };
    let Ok(Ok(stream)) = handshake else { return };
    let version = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Version::Two,
        _ => Version::One,
    };
    protocols.serve(stream, Some(version), client).await;
}

/// Says 503 on plain connections and closes; over TLS there is nothing to say before a handshake.
async fn turn_away(mut stream: TcpStream, peer: SocketAddr, is_tls: bool, shared: &Shared) {
    let gate = &*shared.gate;
    let id = mantlet_types::RequestId::new(gate.clock.now(), &*gate.rng);
    let denial = Denial::new(&reasons::TOO_MANY_CONNECTIONS);
    let client = peer.ip().to_canonical();
    let sketch = Sketch { id, client, peer, method: "", host: "", path: "", route: "" };
    let runner = &shared.seat.worker().runner;
    runner.report_stage(&catalogue::GATEWAY_REQUEST_REFUSED, "edge", &sketch, &denial);
    if is_tls {
        return;
    }
    let answer = refusal::render_raw(&denial, id);
    let _ = tokio::time::timeout(FAREWELL, async {
        stream.write_all(&answer).await?;
        stream.shutdown().await
    })
    .await;
}
