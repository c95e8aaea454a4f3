//! The servers behind the gate.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use mantlet_config::HttpUrl;

/// One server behind the gate.
#[derive(Debug)]
pub struct Upstream {
    /// Its name among all upstreams there ever were in this process, for the pools.
    pub(super) id: u64,
    /// Its address as configured.
    pub url: HttpUrl,
    pub(super) open: AtomicUsize,
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
    /// Those of the configuration before, which go on as they are where they are named again.
    before: Vec<Arc<Upstream>>,
}

/// Ids of upstreams are never used again.
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl Upstreams {
    /// None yet; servers that `before` knows are taken over with their connections and counts.
    #[must_use]
    pub fn after(before: &Self) -> Self {
        Self { all: Vec::new(), before: before.all.clone() }
    }

    /// The group of these addresses; servers already known are shared.
    pub fn group(&mut self, urls: &[HttpUrl]) -> Arc<Group> {
        let members = urls.iter().map(|url| self.intern(url)).collect();
        Arc::new(Group { members, next: AtomicUsize::new(0) })
    }

    fn intern(&mut self, url: &HttpUrl) -> Arc<Upstream> {
        if let Some(known) = self.all.iter().find(|known| known.url == *url) {
            return Arc::clone(known);
        }
        let before = self.before.iter().find(|known| known.url == *url).map(Arc::clone);
        let upstream = before.unwrap_or_else(|| {
            let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
            Arc::new(Upstream { id, url: url.clone(), open: AtomicUsize::new(0) })
        });
        self.all.push(Arc::clone(&upstream));
        upstream
    }

    /// All are named: those that only the configuration before had are let go.
    #[must_use]
    pub fn complete(mut self) -> Self {
        self.before = Vec::new();
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.all.iter()
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
