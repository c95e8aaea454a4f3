//! Connections that have left HTTP (WebSockets): listed, and ended when asked: by an operator's
//! block, by a revoked identity, by a drain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mantlet_event::Metrics;
use mantlet_types::{RequestId, Revocation, Subject};
use tokio::sync::watch;

use crate::websocket::Ending;

/// Every upgraded connection of this process.
#[derive(Debug, Clone)]
pub struct TunnelRegistry(Arc<Registry>);

#[derive(Debug)]
struct Registry {
    metrics: Metrics,
    limit: AtomicUsize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    entries: HashMap<RequestId, Entry>,
    is_closed: bool,
}

#[derive(Debug)]
struct Entry {
    client: IpAddr,
    principal: Option<String>,
    credential: Option<[u8; 16]>,
    end: watch::Sender<Option<Ending>>,
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
    /// What stands for the credential that it was opened with.
    pub credential: Option<[u8; 16]>,
}

impl TunnelRegistry {
    /// An empty registry that holds at most `limit` connections.
    #[must_use]
    pub fn new(limit: usize, metrics: Metrics) -> Self {
        let limit = AtomicUsize::new(limit);
        Self(Arc::new(Registry { metrics, limit, open: Mutex::default() }))
    }

    /// A place for a connection that is about to be upgraded, taken before the application is
    /// asked: a block or a drain that comes meanwhile ends it too. `None` when all are taken, or
    /// the server is stopping.
    #[must_use]
    pub fn reserve(&self, tunnel: Tunnel) -> Option<Slot> {
        let mut open = self.lock();
        if open.is_closed || open.entries.len() >= self.0.limit.load(Ordering::Relaxed) {
            return None;
        }
        let (end, ended) = watch::channel(None);
        let Tunnel { id, client, principal, credential } = tunnel;
        open.entries.insert(id, Entry { client, principal, credential, end });
        drop(open);
        self.0.metrics.upgrade_opened();
        Some(Slot { registry: self.clone(), id, ended })
    }

    /// From now on at most `limit` may be open; those that are stay.
    pub fn set_limit(&self, limit: usize) {
        self.0.limit.store(limit, Ordering::Relaxed);
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

    /// Ends every connection because the server stops, and lets no new one begin.
    pub fn close(&self) -> usize {
        self.lock().is_closed = true;
        self.end(Ending::Stopping, |_| true)
    }

    fn end(&self, why: Ending, is_meant: impl Fn(&Entry) -> bool) -> usize {
        let open = self.lock();
        let meant = open.entries.values().filter(|entry| is_meant(entry));
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
    ended: watch::Receiver<Option<Ending>>,
}

/// Learns when a connection is to end.
#[derive(Debug)]
pub(crate) struct End(watch::Receiver<Option<Ending>>);

impl Slot {
    /// What to wait on for the end.
    pub(crate) fn watch(&self) -> End {
        End(self.ended.clone())
    }
}

impl End {
    /// Waits until someone asks for the end; at once when that has happened already.
    pub(crate) async fn asked(&mut self) -> Ending {
        // The sender lives in the registry for as long as the slot does.
        let asked = self.0.wait_for(Option::is_some).await;
        asked.ok().and_then(|why| *why).unwrap_or(Ending::Stopping)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.registry.lock().entries.remove(&self.id);
        self.registry.0.metrics.upgrade_closed();
    }
}

impl Revocation for TunnelRegistry {
    fn revoke(&self, subject: &Subject) -> usize {
        match subject {
            Subject::Network(network) => {
                self.end(Ending::Blocked, |entry| network.contains(&entry.client))
            }
            Subject::Principal(id) => {
                self.end(Ending::Revoked, |entry| entry.principal.as_ref() == Some(id))
            }
            Subject::Credential(mark) => {
                self.end(Ending::Revoked, |entry| entry.credential.as_ref() == Some(mark))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use mantlet_testkit::SeededRng;
    use mantlet_types::{Clock as _, SystemClock};

    use super::*;

    fn tunnel(rng: &SeededRng, client: &str, principal: Option<&str>) -> Tunnel {
        let id = RequestId::new(SystemClock::new().now(), rng);
        let credential = principal.map(|_| [7; 16]);
        let principal = principal.map(str::to_owned);
        Tunnel { id, client: client.parse().unwrap(), principal, credential }
    }

    #[test]
    fn a_revoked_subject_loses_its_connections_and_nobody_else_does() {
        let (registry, rng) = (TunnelRegistry::new(10, Metrics::new()), SeededRng::new(7));
        let open = |client, principal| registry.reserve(tunnel(&rng, client, principal)).unwrap();
        let slots =
            [open("192.0.2.1", Some("ada")), open("192.0.2.1", None), open("192.0.2.2", None)];
        let mut ends = slots.each_ref().map(Slot::watch);
        let ended = |ends: &mut [End; 3]| ends.each_mut().map(|end| end.asked().now_or_never());
        assert_eq!(registry.revoke(&Subject::Principal("eve".into())), 0);
        assert_eq!(registry.revoke(&Subject::Principal("ada".into())), 1);
        assert_eq!(ended(&mut ends), [Some(Ending::Revoked), None, None]);
        assert_eq!(registry.revoke(&Subject::Network("192.0.2.2/32".parse().unwrap())), 1);
        assert_eq!(ended(&mut ends), [Some(Ending::Revoked), None, Some(Ending::Blocked)]);
        assert_eq!(registry.close(), 3);
        // The first word stays where nobody has looked, the last one is as good.
        assert_eq!(ended(&mut ends)[1], Some(Ending::Stopping));
        assert!(registry.reserve(tunnel(&rng, "192.0.2.3", None)).is_none());
        drop(slots);
        assert!(registry.is_empty());
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let (registry, rng) = (TunnelRegistry::new(1, Metrics::new()), SeededRng::new(7));
        let slot = registry.reserve(tunnel(&rng, "192.0.2.1", None)).unwrap();
        assert!(registry.reserve(tunnel(&rng, "192.0.2.1", None)).is_none());
        drop(slot);
        assert!(registry.reserve(tunnel(&rng, "192.0.2.1", None)).is_some());
    }
}
