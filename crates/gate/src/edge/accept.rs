//! From a listening socket to connections that are served, or turned away.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mantlet_event::{Event, catalogue, field, reasons, task};
use mantlet_limit::{ConcurrencyLimit, Key};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use super::connection::{Protocols, Version};
use super::listener::BACKLOG;
use super::phase::{Phase, PhaseSwitch};
use super::{ConnectionRules, ServerSection};
use crate::pipeline::{Denial, Sketch};
use crate::refusal;
use crate::stages::client::ClientStage;
use crate::way::{Gate, Seat};

/// How long to wait when the system cannot give another connection.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long a client that is one too many may take to read that.
const FAREWELL: Duration = Duration::from_secs(1);

/// What the connections of one worker share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) phases: PhaseSwitch,
    pub(super) connections: Arc<Connections>,
    pub(super) seat: Arc<Seat>,
}

/// The connections that are open, on all workers.
#[derive(Debug)]
pub(super) struct Connections {
    pub(super) open: AtomicUsize,
    limit: AtomicUsize,
    by_address: ConcurrencyLimit,
    pub(super) closed: Notify,
}

impl Connections {
    pub(super) fn new(section: &ServerSection) -> Self {
        let (limit, per_address) = limits(section);
        Self {
            open: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
            by_address: ConcurrencyLimit::new(per_address, limit),
            closed: Notify::new(),
        }
    }

    /// New limits; connections that are over them stay.
    pub(super) fn set_limits(&self, section: &ServerSection) {
        let (limit, per_address) = limits(section);
        self.limit.store(limit, Ordering::Release);
        self.by_address.set_limits(per_address, limit);
    }
}

fn limits(section: &ServerSection) -> (usize, u32) {
    let limit = usize::try_from(section.max_connections).unwrap_or(usize::MAX);
    (limit, section.max_connections_per_address)
}

/// One of them.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.gate.metrics.connection_closed();
        self.0.connections.open.fetch_sub(1, Ordering::AcqRel);
        self.0.connections.closed.notify_waiters();
    }
}

/// One worker's handle of a listening socket.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) socket: std::net::TcpListener,
    pub(super) is_tls: bool,
    /// `true` when the address is given up; its sender is gone when another ear takes over.
    pub(super) ended: watch::Receiver<bool>,
}

/// Accepts until the address is given up or the server retires. Whoever waits to be accepted by
/// then still is: closing the socket would cut them off.
pub(super) async fn accept(ear: Ear, shared: Arc<Shared>) {
    let Ear { socket, is_tls, mut ended } = ear;
    let listener = match TcpListener::from_std(socket) {
        Ok(listener) => listener,
        Err(error) => return report(&shared, &error),
    };
    let is_taken_over = loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            changed = ended.changed() => break changed.is_err(),
            () = shared.phases.reached(Phase::Retiring) => break false,
        };
        match accepted {
            Ok((stream, peer)) => admit(stream, peer, is_tls, &shared),
            // The client is gone already, or the system is out of descriptors or memory.
            Err(error) => {
                shared.gate.metrics.limit_reached("accept");
                if error.kind() != io::ErrorKind::ConnectionAborted {
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    let is_taken_over = is_taken_over && shared.phases.current() == Phase::Serving;
    if !is_taken_over && let Ok(socket) = listener.into_std() {
        accept_waiting(&socket, is_tls, &shared);
    }
}

fn accept_waiting(socket: &std::net::TcpListener, is_tls: bool, shared: &Arc<Shared>) {
    for _ in 0..BACKLOG {
        let Ok((stream, peer)) = socket.accept() else { return };
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        // One that cannot be had is a client that has gone.
        let Ok(stream) = stream else { continue };
        admit(stream, peer, is_tls, shared);
    }
}

fn report(shared: &Shared, error: &io::Error) {
    shared.gate.events.emit(
        Event::new(&catalogue::PROCESS_TASK_PANICKED)
            .text(field::TASK, "listener")
            .text(field::ERROR, error.to_string()),
    );
}

fn admit(stream: TcpStream, peer: SocketAddr, is_tls: bool, shared: &Arc<Shared>) {
    let worker = shared.seat.worker();
    let connections = &shared.connections;
    let before = connections.open.fetch_add(1, Ordering::AcqRel);
    shared.gate.metrics.connection_opened();
    let open = Open(Arc::clone(shared));
    let client = peer.ip().to_canonical();
    let permit = connections.by_address.acquire(&Key::of_address(0, client));
    let is_exempt = worker.live.client.is_trusted(client);
    let reached = match &permit {
        _ if before >= connections.limit.load(Ordering::Acquire) => Some("server.max_connections"),
        Err(_) if !is_exempt => Some("server.max_connections_per_address"),
        _ => None,
    };
    // The connection keeps its rules, and not all that was in force when it came.
    let rules = worker.live.connections.clone();
    let shared = Arc::clone(shared);
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
