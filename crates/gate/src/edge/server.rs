//! The workers: one thread and one runtime each, which accept and serve.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use mantlet_event::task;
use tokio::sync::{mpsc, watch};

use super::accept::{ACCEPT_PAUSE, Ear, Shared, accept};
use super::admission::Admission;
use super::listener::wanted;
use super::phase::{Phase, PhaseSwitch};
use super::{BindError, Listener, Listeners, MAX_ADDRESSES, ServerSection};
use crate::live::Live;
use crate::upstream::Upkeep;
use crate::way::{Gate, Seat, Worker};

/// Listening sockets that wait for a worker to take them over.
const ORDERS: usize = 4 * MAX_ADDRESSES;

/// How long connections without a running request may still ask when the server stops: the client
/// may have sent the next one already, and then gets its answer.
const LINGER: Duration = Duration::from_secs(1);

/// How long the listening sockets stay open when the server stops and there are clients: some may
/// be in the middle of the handshake of TCP, and take the connection for made at their end.
const HALF_OPEN: Duration = Duration::from_millis(250);

/// A running server.
#[derive(Debug)]
pub struct Server {
    phases: PhaseSwitch,
    workers: Vec<Thread>,
    /// Disconnected when the last worker has ended.
    ended: std_mpsc::Receiver<()>,
    admission: Arc<Admission>,
    gate: Arc<Gate>,
    listening: Vec<Listening>,
    drain: Duration,
    /// Where tasks run that belong to no worker.
    runtime: tokio::runtime::Handle,
}

/// A worker's thread and who works there.
#[derive(Debug)]
struct Thread {
    seat: Arc<Seat>,
    orders: mpsc::Sender<Ear>,
    handle: JoinHandle<()>,
}

/// A socket that the workers accept on.
#[derive(Debug)]
struct Listening {
    listener: Listener,
    end: watch::Sender<bool>,
}

/// The listening sockets of a configuration that is about to hold: everything that can fail about
/// them is done.
#[derive(Debug)]
pub struct NextListeners {
    /// Each with one handle for every worker.
    fresh: Vec<(Listener, Vec<std::net::TcpListener>)>,
    wanted: Vec<(SocketAddr, bool)>,
}

/// Why a server stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Farewell {
    /// It was asked to: what runs ends, WebSockets at once.
    Stop,
    /// The same, and the service manager goes on listening: who comes now waits for the next start.
    StopAccepting,
    /// Another process listens on its sockets: there is time until the drain time is over.
    HandedOver,
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

impl Server {
    /// Starts the workers on sockets that are already bound. Must be called inside a runtime.
    ///
    /// # Errors
    /// [`StartError`] where threads or sockets cannot be had. No worker runs then.
    pub fn start(
        section: &ServerSection,
        listeners: Listeners,
        gate: Arc<Gate>,
        live: &Arc<Live>,
        phases: PhaseSwitch,
    ) -> Result<Self, StartError> {
        let admission = Arc::new(Admission::new(section, gate.metrics.clone()));
        let count = section.worker_count();
        let (running, ended) = std_mpsc::sync_channel(0);
        let (workers, listening, drain) = (Vec::new(), Vec::new(), section.drain);
        let runtime = tokio::runtime::Handle::current();
        let mut server =
            Self { phases, workers, ended, admission, gate, listening, drain, runtime };
        for index in 0..count {
            let started = server.spawn_worker(index, live, running.clone());
            server.workers.push(started.map_err(|error| server.give_up(error))?);
        }
        for listener in listeners.0 {
            let handles = server.handles(&listener);
            let handles = handles.map_err(|error| server.give_up(error))?;
            server.listen(listener, handles);
        }
        server.keep_up(live);
        Ok(server)
    }

    /// Begins what is done about servers beside their requests.
    fn keep_up(&self, live: &Live) {
        let _inside = self.runtime.enter();
        let Gate { clock, rng, events, metrics, .. } = &*self.gate;
        let (clock, rng) = (Arc::clone(clock), Arc::clone(rng));
        let (events, metrics) = (events.clone(), metrics.clone());
        Upkeep { clock, rng, events, metrics }.begin(&live.upstreams);
    }

    fn give_up(&self, error: io::Error) -> StartError {
        self.phases.advance(Phase::Over);
        StartError(error)
    }

    fn spawn_worker(
        &self,
        index: usize,
        live: &Arc<Live>,
        running: std_mpsc::SyncSender<()>,
    ) -> io::Result<Thread> {
        let seat =
            Arc::new(Seat::new(Worker::new(index, Arc::clone(&self.gate), Arc::clone(live))));
        let shared = Arc::new(Shared {
            gate: Arc::clone(&self.gate),
            phases: self.phases.clone(),
            admission: Arc::clone(&self.admission),
            seat: Arc::clone(&seat),
        });
        let (orders, received) = mpsc::channel(ORDERS);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name(format!("gate-{index}"));
        let handle = thread.spawn(move || {
            let _running = running;
            runtime.block_on(run_worker(received, shared));
        })?;
        Ok(Thread { seat, orders, handle })
    }

    /// One handle of the socket for every worker.
    fn handles(&self, listener: &Listener) -> io::Result<Vec<std::net::TcpListener>> {
        self.workers.iter().map(|_| listener.socket.try_clone()).collect()
    }

    fn listen(&mut self, listener: Listener, handles: Vec<std::net::TcpListener>) {
        let (end, ended) = watch::channel(false);
        for (worker, socket) in self.workers.iter().zip(handles) {
            let ear = Ear { socket, is_tls: listener.is_tls, ended: ended.clone() };
            // A worker that panicked has reported it; the others share the socket.
            let _ = worker.orders.try_send(ear);
        }
        self.listening.push(Listening { listener, end });
    }

    /// Opens the sockets that `section` names and that are not open yet. Nothing is accepted on
    /// them before [`Server::swap`], and they are closed when that never comes.
    ///
    /// # Errors
    /// [`BindError`] for the first address that cannot be bound.
    pub fn open(&self, section: &ServerSection) -> Result<NextListeners, BindError> {
        let wanted: Vec<_> = wanted(section).collect();
        let mut fresh = Vec::new();
        for (address, is_tls) in &wanted {
            let known = self.listeners().find(|listener| listener.wanted == *address);
            let listener = match known {
                Some(known) if known.is_tls == *is_tls => continue,
                Some(known) => known.share(*is_tls)?,
                None => Listener::bind(*address, *is_tls)?,
            };
            let handles = self.handles(&listener);
            let handles = handles.map_err(|error| BindError::new(*address, error))?;
            fresh.push((listener, handles));
        }
        Ok(NextListeners { fresh, wanted })
    }

    /// From now on `live` holds: for every request that begins after this, and for what concerns
    /// whole connections, for those that are accepted after it. What runs ends as it began.
    pub fn swap(&mut self, section: &ServerSection, live: &Arc<Live>, next: NextListeners) {
        self.admission.set_limits(section);
        self.gate.set_limits(section);
        self.drain = section.drain;
        for thread in &self.workers {
            thread.seat.swap(live);
        }
        self.keep_up(live);
        let before = std::mem::take(&mut self.listening);
        for (listener, handles) in next.fresh {
            self.listen(listener, handles);
        }
        for old in before {
            let Listener { wanted, is_tls, .. } = old.listener;
            if next.wanted.contains(&(wanted, is_tls)) {
                self.listening.push(old);
            } else if !next.wanted.contains(&(wanted, !is_tls)) {
                // Nobody else accepts on it from now on.
                old.listener.turn_away();
                old.end.send_replace(true);
            }
        }
    }

    /// The sockets it listens on.
    pub fn listeners(&self) -> impl Iterator<Item = &Listener> {
        self.listening.iter().map(|listening| &listening.listener)
    }

    /// Stops accepting, lets requests end within the drain time, then cuts off what is left. Until
    /// connections without a running request are closed, the last answer on each says so.
    /// Blocks until every worker has ended.
    pub fn drain(self, farewell: Farewell) {
        if farewell == Farewell::Stop {
            self.listening.iter().for_each(|listening| listening.listener.turn_away());
        }
        self.phases.advance(Phase::Retiring);
        if farewell == Farewell::Stop && !self.admission.is_empty() {
            std::thread::sleep(HALF_OPEN);
        }
        // The workers accept who still waits, and close their handles.
        drop(self.listening);
        let linger = match farewell {
            Farewell::Stop | Farewell::StopAccepting => {
                self.gate.tunnels.close();
                LINGER
            }
            Farewell::HandedOver => self.drain,
        };
        // Nothing is ever sent: this ends early when the last worker has ended.
        let _ = self.ended.recv_timeout(linger);
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

async fn run_worker(mut orders: mpsc::Receiver<Ear>, shared: Arc<Shared>) {
    let mut accepting = Vec::new();
    loop {
        tokio::select! {
            Some(ear) = orders.recv() => {
                accepting.retain(|task: &tokio::task::JoinHandle<_>| !task.is_finished());
                let accepting_here = accept(ear, Arc::clone(&shared));
                accepting.push(task::spawn(&shared.gate.events, "listener", accepting_here));
            }
            () = shared.phases.reached(Phase::Retiring) => break,
        }
    }
    for task in accepting {
        // Each takes in who waits to be accepted, and ends.
        let _ = task.await;
    }
    tokio::select! {
        () = all_closed(&shared) => return,
        () = shared.phases.reached(Phase::Draining) => {}
    }
    // Whoever is left when the time is up is cut off by the end of the runtime.
    let drain = shared.seat.worker().live.drain;
    let _ = tokio::time::timeout(drain, all_closed(&shared)).await;
}

async fn all_closed(shared: &Shared) {
    shared.admission.all_closed(|| shared.gate.tunnels.is_empty(), ACCEPT_PAUSE).await;
}
