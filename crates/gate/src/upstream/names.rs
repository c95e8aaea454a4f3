//! The addresses behind a server's name.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mantlet_types::{Clock, Monotonic};

use super::UpstreamError;

/// Most addresses of one name that are tried.
const MAX_ADDRESSES: usize = 16;

/// The addresses of one server, looked up again now and then. Those that were found last stay good
/// while looking up fails.
#[derive(Debug)]
pub(super) struct Names {
    host: String,
    port: u16,
    /// Fixed where the host is an address.
    known: Mutex<Known>,
    is_fixed: bool,
    /// One look-up at a time, whoever needs it.
    looking_up: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    addresses: Arc<[SocketAddr]>,
    since: Option<Monotonic>,
}

impl Names {
    pub(super) fn new(host: &str, port: u16) -> Self {
        let address: Option<IpAddr> = host.parse().ok();
        let addresses: Vec<_> = address.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        let known = Mutex::new(Known { addresses: addresses.into(), since: None });
        let (host, is_fixed) = (host.to_owned(), address.is_some());
        Self { host, port, known, is_fixed, looking_up: tokio::sync::Mutex::const_new(()) }
    }

    /// The addresses, looked up where none is known.
    pub(super) async fn addresses(
        &self,
        clock: &dyn Clock,
        within: Duration,
    ) -> Result<Arc<[SocketAddr]>, UpstreamError> {
        let known = self.known();
        if !known.addresses.is_empty() {
            return Ok(known.addresses);
        }
        self.look_up(clock, within).await
    }

    /// Looks the name up again when that was longer ago than `interval`; whether the addresses have
    /// changed.
    pub(super) async fn refresh(&self, clock: &dyn Clock, interval: Duration) -> bool {
        let known = self.known();
        let is_due = known.since.is_some_and(|since| clock.monotonic().since(since) >= interval);
        if self.is_fixed || !is_due {
            return false;
        }
        let found = self.look_up(clock, interval).await;
        if found.is_err() {
            // Not again at once.
            self.lock().since = Some(clock.monotonic());
        }
        found.is_ok_and(|found| found != known.addresses)
    }

    /// Whether `address` is one of them, or they never change.
    pub(super) fn holds(&self, address: SocketAddr) -> bool {
        self.is_fixed || self.lock().addresses.contains(&address)
    }

    async fn look_up(
        &self,
        clock: &dyn Clock,
        within: Duration,
    ) -> Result<Arc<[SocketAddr]>, UpstreamError> {
        let asked = clock.monotonic();
        let _turn = self.looking_up.lock().await;
        let known = self.known();
        if known.since.is_some_and(|since| since >= asked) {
            return Ok(known.addresses);
        }
        let found = tokio::time::timeout(within, tokio::net::lookup_host((&*self.host, self.port)))
            .await
            .map_err(|_| UpstreamError::Timeout("address"))?
            .map_err(|error| UpstreamError::Unreachable(format!("`{}`: {error}", self.host)))?;
        let mut addresses: Vec<SocketAddr> = found.take(MAX_ADDRESSES).collect();
        addresses.dedup();
        if addresses.is_empty() {
            let message = format!("`{}` has no address", self.host);
            return Err(UpstreamError::Unreachable(message));
        }
        let known = Known { addresses: addresses.into(), since: Some(clock.monotonic()) };
        *self.lock() = known.clone();
        Ok(known.addresses)
    }

    fn known(&self) -> Known {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
