//! One server behind the gate: its connections, counted and kept, and how it is.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mantlet_types::Monotonic;

use super::breaker::Breaker;
use super::health::Health;
use super::http1::Connection;
use super::names::Names;
use super::tls::Tls;
use super::{Pool, Rules, ServerAddress, UpstreamError, two};

/// A connection that was used within this time is not idle for any server.
const FRESH: Duration = Duration::from_millis(100);

/// One server behind the gate.
#[derive(Debug)]
pub struct Upstream {
    pub(super) address: ServerAddress,
    pub(super) rules: Arc<Rules>,
    pub(super) tls: Option<Tls>,
    /// `None` for a Unix socket.
    pub(super) names: Option<Names>,
    pub(super) health: Health,
    pub(super) breaker: Breaker,
    /// Whether its upkeep has begun.
    pub(super) is_kept_up: AtomicBool,
    /// Connections that are open, used or not.
    open: Arc<AtomicUsize>,
    /// Requests that are being answered.
    active: AtomicUsize,
    /// What each worker keeps.
    shelves: Box<[Mutex<Shelf>]>,
}

/// One worker's connections to one server.
#[derive(Debug, Default)]
struct Shelf {
    /// Unused ones; the most recently used last.
    idle: Vec<Idle>,
    /// The one that carries many requests.
    two: Option<two::Sender>,
}

#[derive(Debug)]
struct Idle {
    connection: Box<Connection>,
    since: Monotonic,
}

/// Counts a connection for as long as it is open. It holds the count alone: connections are kept
/// by their server, and must not keep it.
#[derive(Debug)]
pub(crate) struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One request that a server is answering, for a worker.
#[derive(Debug)]
pub(crate) struct Lease {
    upstream: Arc<Upstream>,
    pool: Pool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.upstream.active.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lease {
    /// Begins a request to `upstream`.
    pub(super) fn begin(upstream: &Arc<Upstream>, pool: &Pool) -> Self {
        upstream.active.fetch_add(1, Ordering::Relaxed);
        Self { upstream: Arc::clone(upstream), pool: pool.clone() }
    }

    /// The answer has come whole. Its connection is kept for the next request, where there is one
    /// that can be.
    pub(super) fn end(self, connection: Option<Box<Connection>>) {
        self.pool.succeeded(&self.upstream);
        let Some(mut connection) = connection else { return };
        if connection.rest() {
            let since = self.pool.clock().monotonic();
            self.upstream.keep(self.pool.worker(), Idle { connection, since });
        }
    }

    /// The answer has come, and goes on outside HTTP.
    pub(super) fn began(&self) {
        self.pool.succeeded(&self.upstream);
    }

    /// The server.
    pub(super) const fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }

    /// How long the server may pause inside its answer.
    pub(super) fn pause(&self) -> Duration {
        self.upstream.rules.idle_timeout
    }

    /// The answer broke off.
    pub(super) fn broke_off(self) {
        self.pool.failed(&self.upstream);
    }
}

impl Upstream {
    pub(super) fn new(
        address: &ServerAddress,
        rules: Arc<Rules>,
        tls: Option<Tls>,
        workers: usize,
    ) -> Self {
        let names = address.url().map(|url| Names::new(url.connect_host(), url.port()));
        Self {
            address: address.clone(),
            rules,
            tls,
            names,
            health: Health::default(),
            breaker: Breaker::default(),
            is_kept_up: AtomicBool::new(false),
            open: Arc::default(),
            active: AtomicUsize::new(0),
            shelves: (0..workers.max(1)).map(|_| Mutex::default()).collect(),
        }
    }

    /// Whether it is the server at this address, talked to in this way.
    pub(super) fn is(&self, address: &ServerAddress, rules: &Rules, tls: Option<&Tls>) -> bool {
        let is_there = self.address.to_string() == address.to_string();
        is_there && *self.rules == *rules && self.tls.as_ref() == tls
    }

    /// Requests that it is answering now.
    pub(super) fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Connections to it that are open now, used or not.
    pub(super) fn connections(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it is to be used while others are.
    pub(super) fn is_usable(&self, now: Monotonic) -> bool {
        self.health.is_usable(now) && !self.breaker.is_open(now)
    }

    /// A place for one more connection. At the limit a connection that lies unused gives way,
    /// whichever worker keeps it.
    pub(super) fn open(&self) -> Result<Open, UpstreamError> {
        let limit = self.rules.max_connections;
        let take = |open: usize| (open < limit).then_some(open.saturating_add(1));
        loop {
            match self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
                Ok(_) => return Ok(Open(Arc::clone(&self.open))),
                Err(_) if self.close_one() => {}
                Err(_) => return Err(UpstreamError::Saturated),
            }
        }
    }

    /// Closes one unused connection; `false` when there is none.
    fn close_one(&self) -> bool {
        self.shelves.iter().any(|shelf| {
            let oldest = {
                let idle = &mut lock(shelf).idle;
                (!idle.is_empty()).then(|| idle.remove(0))
            };
            oldest.is_some()
        })
    }

    /// The worker's most recently used connection that is still open and not too old.
    /// `is_certain`: the system is asked whether it is, for requests that cannot be sent twice.
    pub(super) fn take(
        &self,
        worker: usize,
        now: Monotonic,
        is_certain: bool,
    ) -> Option<Box<Connection>> {
        let idle = &mut lock(self.shelves.get(worker)?).idle;
        while let Some(Idle { mut connection, since }) = idle.pop() {
            if now.since(since) > self.rules.keep_alive {
                // Everything below is older still.
                idle.clear();
                return None;
            }
            let is_open = if is_certain {
                connection.is_alive(now.since(since) < FRESH)
            } else {
                connection.is_quiet()
            };
            if is_open {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, worker: usize, idle: Idle) {
        let Some(shelf) = self.shelves.get(worker) else { return };
        let is_current = self.leads_to(idle.connection.peer());
        let shelf = &mut lock(shelf).idle;
        if is_current && shelf.len() < self.rules.max_idle {
            shelf.push(idle);
        }
    }

    /// Whether the server is still at this address.
    fn leads_to(&self, peer: Option<SocketAddr>) -> bool {
        let Some((names, peer)) = self.names.as_ref().zip(peer) else { return true };
        names.holds(peer)
    }

    /// The worker's connection that carries many requests; `None` when there is none that is open.
    pub(super) fn two(&self, worker: usize) -> Option<two::Sender> {
        let shelf = &mut lock(self.shelves.get(worker)?);
        shelf.two.clone().filter(|sender| !sender.is_closed())
    }

    /// Keeps a connection that carries many requests.
    pub(super) fn keep_two(&self, worker: usize, sender: two::Sender) {
        if let Some(shelf) = self.shelves.get(worker) {
            lock(shelf).two = Some(sender);
        }
    }

    /// No further request goes on the worker's connection that carries many; those on it go on.
    pub(super) fn forget_two(&self, worker: usize) {
        if let Some(shelf) = self.shelves.get(worker) {
            lock(shelf).two = None;
        }
    }

    /// Closes the connections that have been unused for too long, or lead where the server is no
    /// more, whichever worker keeps them.
    pub(super) fn sweep(&self, now: Monotonic) {
        for shelf in &self.shelves {
            let keep_alive = self.rules.keep_alive;
            let is_fresh = |idle: &Idle| now.since(idle.since) <= keep_alive;
            let stale = {
                let shelf = &mut lock(shelf);
                if shelf.two.as_ref().is_some_and(two::Sender::is_closed) {
                    shelf.two = None;
                }
                let idle = &mut shelf.idle;
                let (kept, stale) = std::mem::take(idle)
                    .into_iter()
                    .partition(|it| is_fresh(it) && self.leads_to(it.connection.peer()));
                *idle = kept;
                let stale: Vec<Idle> = stale;
                stale
            };
            drop(stale);
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
