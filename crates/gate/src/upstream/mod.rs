//! To the application and back: connections that are kept, deadlines, one clean request out, one
//! clean answer in.

mod body;
mod connection;
mod error;
mod forward;
mod pool;
mod tunnel;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mantlet_config::{HttpUrl, section};

pub use body::{AnswerBody, BodyError, BodyWatch, UpstreamBody};
pub use error::UpstreamError;
pub use forward::{Outgoing, X_REQUEST_ID, clean_answer, id_value};
pub use pool::Pool;
pub use tunnel::{Tunnel, TunnelRegistry};

/// The body of a client's request, and the other side of a connection that leaves HTTP.
pub(crate) use hyper::{
    body::Incoming,
    upgrade::{OnUpgrade, on as on_upgrade},
};

section! {
    /// The application behind the gate.
    pub struct UpstreamSection {
        /// Where requests go that no route leads elsewhere, for example `http://127.0.0.1:8501`.
        pub url: Option<HttpUrl> = None,
        /// How long connecting may take.
        pub connect_timeout: Duration = Duration::from_secs(5),
        /// How long the application may take until its answer begins.
        pub response_timeout: Duration = Duration::from_secs(60),
        /// How long the application may pause inside an answer, and a WebSocket be silent.
        pub idle_timeout: Duration = Duration::from_secs(300),
        /// How long an unused connection is kept for the next request. Below the five seconds
        /// after which common application servers close it.
        pub keep_alive: Duration = Duration::from_secs(4),
        /// Most connections to one server at a time; further requests are refused with 503.
        pub max_connections: u32 = 4096,
        /// Most unused connections kept to one server by one worker.
        pub max_idle_connections: u32 = 256,
    }
}

/// How to talk to upstreams; the same for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// See [`UpstreamSection::connect_timeout`].
    pub connect_timeout: Duration,
    /// See [`UpstreamSection::response_timeout`].
    pub response_timeout: Duration,
    /// See [`UpstreamSection::idle_timeout`].
    pub idle_timeout: Duration,
    /// See [`UpstreamSection::keep_alive`].
    pub keep_alive: Duration,
    max_connections: usize,
    max_idle: usize,
}

impl Rules {
    /// The rules a section asks for.
    #[must_use]
    pub fn new(section: &UpstreamSection) -> Self {
        let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            connect_timeout: section.connect_timeout,
            response_timeout: section.response_timeout,
            idle_timeout: section.idle_timeout,
            keep_alive: section.keep_alive,
            max_connections: size(section.max_connections),
            max_idle: size(section.max_idle_connections),
        }
    }
}

/// One server behind the gate.
#[derive(Debug)]
pub struct Upstream {
    /// Its place among the upstreams, for the pools.
    index: usize,
    /// Its address as configured.
    pub url: HttpUrl,
    open: AtomicUsize,
}

impl Upstream {
    /// The path before every request's own; empty for none.
    #[must_use]
    pub fn base(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

/// The servers of one route, used in turn.
#[derive(Debug)]
pub struct Group {
    members: Vec<Arc<Upstream>>,
    next: AtomicUsize,
}

impl Group {
    /// The server whose turn it is; `None` for an empty group.
    #[must_use]
    pub fn pick(&self) -> Option<&Arc<Upstream>> {
        match self.members.as_slice() {
            [only] => Some(only),
            members => {
                let turn = self.next.fetch_add(1, Ordering::Relaxed);
                members.get(turn.checked_rem(members.len())?)
            }
        }
    }
}

/// Every server that the configuration names, each once.
#[derive(Debug, Default)]
pub struct Upstreams {
    all: Vec<Arc<Upstream>>,
}

impl Upstreams {
    /// The group of these addresses; servers already known are shared.
    pub fn group(&mut self, urls: &[HttpUrl]) -> Arc<Group> {
        let members = urls.iter().map(|url| self.intern(url)).collect();
        Arc::new(Group { members, next: AtomicUsize::new(0) })
    }

    fn intern(&mut self, url: &HttpUrl) -> Arc<Upstream> {
        if let Some(known) = self.all.iter().find(|known| known.url == *url) {
            return Arc::clone(known);
        }
        let index = self.all.len();
        let upstream = Arc::new(Upstream { index, url: url.clone(), open: AtomicUsize::new(0) });
        self.all.push(Arc::clone(&upstream));
        upstream
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}
