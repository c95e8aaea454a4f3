//! From a listening socket to connections that are served, or turned away.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mantlet_event::{Event, catalogue, field, reasons, task};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::ConnectionRules;
use super::admission::{Admission, Full, Open};
use super::connection::{Protocols, Version};
use super::listener::BACKLOG;
use super::phase::{Phase, PhaseSwitch};
use super::proxy_protocol::{self, NoHeader};
use super::tls::client_of;
use crate::pipeline::{Client, Denial, Sketch};
use crate::stages::client::ClientStage;
use crate::way::{Connection, Gate, Seat};

/// How long to wait when the system cannot give another connection.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the connections of one worker share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) phases: PhaseSwitch,
    pub(super) admission: Arc<Admission>,
    pub(super) seat: Arc<Seat>,
}

/// A connection that has just come in.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    is_tls: bool,
    is_proxied: bool,
    is_asking: bool,
}

/// One worker's handle of a listening socket.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) socket: std::net::TcpListener,
    pub(super) is_tls: bool,
    /// `true` when the address is given up; its sender is gone when another ear takes over.
    pub(super) ended: watch::Receiver<bool>,
}

/// Accepts until the address is given up, which it is when the server retires, too. Whoever waits
/// to be accepted by then still is: closing the socket would cut them off.
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
        };
        match accepted {
            Ok((stream, peer)) => {
                let address = listener.local_addr();
                admit(Accepted::new((stream, peer), is_tls, address, &shared), &shared);
            }
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
        let address = socket.local_addr();
        admit(Accepted::new((stream, peer), is_tls, address, shared), shared);
    }
}

impl Accepted {
    /// One that came to the listener at `address`, which says what it is for.
    fn new(
        (stream, peer): (TcpStream, SocketAddr),
        is_tls: bool,
        address: io::Result<SocketAddr>,
        shared: &Shared,
    ) -> Self {
        let worker = shared.seat.worker();
        let (rules, address) = (&worker.live.connections, address.ok());
        let is_proxied = address.is_some_and(|at| rules.proxy_protocol.is_spoken_on(at));
        let is_asking = address.is_some_and(|at| rules.asking.contains(&at));
        Self { stream, peer, is_tls, is_proxied, is_asking }
    }
}

fn report(shared: &Shared, error: &io::Error) {
    shared.gate.events.emit(
        Event::new(&catalogue::PROCESS_TASK_PANICKED)
            .text(field::TASK, "listener")
            .text(field::ERROR, error.to_string()),
    );
}

fn admit(accepted: Accepted, shared: &Arc<Shared>) {
    let worker = shared.seat.worker();
    let entered = shared.admission.enter();
    // The connection keeps its rules, and not all that was in force when it came.
    let rules = worker.live.connections.clone();
    let shared = Arc::clone(shared);
    task::spawn(&worker.gate.events, "connection", async move {
        match entered {
            Ok(open) => welcome(accepted, open, &shared, rules).await,
            Err(full) => turn_away(full, accepted, &shared).await,
        }
    });
}

async fn turn_away(full: Full, accepted: Accepted, shared: &Shared) {
    let Accepted { stream, peer, is_tls, .. } = accepted;
    let worker = shared.seat.worker();
    Box::pin(shared.admission.turn_away(full, stream, peer, is_tls, &worker)).await;
}

/// Finds out whose connection it is, and serves it if that client may have one more.
async fn welcome(mut accepted: Accepted, open: Open, shared: &Shared, rules: ConnectionRules) {
    if accepted.is_proxied {
        match Box::pin(claimed(&mut accepted, shared, &rules)).await {
            Some(client) => accepted.peer = client,
            None => return,
        }
    }
    let client = accepted.peer.ip().to_canonical();
    let is_exempt = shared.seat.worker().live.client.is_trusted(client);
    match shared.admission.enter_from(client, is_exempt) {
        Ok(_permit) => serve(accepted, shared, rules).await,
        Err(full) => {
            drop(open);
            turn_away(full, accepted, shared).await;
        }
    }
}

/// The client that a load balancer names; `None` when the connection is refused.
async fn claimed(
    accepted: &mut Accepted,
    shared: &Shared,
    rules: &ConnectionRules,
) -> Option<SocketAddr> {
    let (peer, settings) = (accepted.peer, &rules.proxy_protocol);
    let why = if settings.is_believed(peer.ip()) {
        let read = tokio::select! {
            read = proxy_protocol::read(settings, &mut accepted.stream, peer) => read,
            // Nothing was asked on it yet.
            () = shared.phases.reached(Phase::Draining) => return None,
        };
        match read {
            Ok(client) => return Some(client),
            Err(NoHeader::Gone) => return None,
            Err(NoHeader::Invalid(why)) => why,
            Err(NoHeader::Late) => {
                shared.gate.metrics.limit_reached("server.proxy_protocol.timeout");
                "no PROXY header came in time"
            }
        }
    } else {
        "the peer is not one of `[server.proxy_protocol] from`"
    };
    let gate = &*shared.gate;
    let id = mantlet_types::RequestId::new(gate.clock.now(), &*gate.rng);
    let client = peer.ip().to_canonical();
    let sketch = Sketch { id, client, peer, method: "", host: "", path: "", route: "", user: "" };
    let denial = Denial::new(&reasons::PROXY_REFUSED).evidence(why);
    let runner = &shared.seat.worker().runner;
    runner.report_stage(&catalogue::PROXY_HEADER_REFUSED, "edge", &sketch, &denial);
    None
}

async fn serve(accepted: Accepted, shared: &Shared, rules: ConnectionRules) {
    let Accepted { stream, peer, is_tls, is_asking, .. } = accepted;
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let client = ClientStage::of_connection(peer, is_tls);
    let (phases, seat) = (shared.phases.clone(), Arc::clone(&shared.seat));
    let protocols = Protocols { rules, phases, metrics: shared.gate.metrics.clone(), seat };
    if is_tls {
        Box::pin(serve_tls(stream, client, protocols)).await;
    } else {
        let connection = Connection { client, certificate: None, is_asking, wire: None };
        protocols.serve(stream, None, connection).await;
    }
}

async fn serve_tls(stream: TcpStream, client: Client, protocols: Protocols) {
    let Some(front) = &protocols.rules.tls else { return };
    let handshake = tokio::time::timeout(front.handshake_timeout(), front.accept(stream));
    let handshake = tokio::select! {
        handshake = Box::pin(handshake) => handshake,
        // Nothing was asked on it yet.
        () = protocols.phases.reached(Phase::Draining) => return,
    };
    let stream = match handshake {
        Ok(Ok(stream)) => stream,
        Ok(Err(_)) => return,
        Err(_) => return protocols.metrics.limit_reached("server.tls.handshake_timeout"),
    };
    let version = match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Version::Two,
        _ => Version::One,
    };
    let certificate = client_of(&stream).map(Arc::new);
    let connection = Connection { client, certificate, is_asking: false, wire: None };
    protocols.serve(stream, Some(version), connection).await;
}
