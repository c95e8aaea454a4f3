//! What the request handler may know of the filter under it, and tell it.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use http::{HeaderMap, Method, Version, header};

use super::fields::VIOLATION_HEADER;
use super::violation::Violation;

const FLOWING: u8 = 0;
const PAUSED: u8 = 1;
const RESUMED: u8 = 2;
const UPGRADED: u8 = 3;

/// The handle that connects one filter with the handler of the requests it passes. Cheap to
/// clone; one per connection.
#[derive(Debug, Clone, Default)]
pub struct WireControl {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    violation: OnceLock<Violation>,
    finished: AtomicU64,
    was_idle: AtomicBool,
    gate: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

/// One request being answered: while it lives, the connection does not count as idle.
#[derive(Debug)]
#[must_use = "hold it until the response body has been produced"]
pub struct Exchange {
    shared: Arc<Shared>,
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.shared.finished.fetch_add(1, Ordering::Relaxed);
    }
}

impl WireControl {
    /// A handle for a new connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The violation that ended this connection's requests; `None` while there is none. While
    /// requests before it are still being answered it is not theirs: see [`Self::refusal`].
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.shared.violation.get()
    }

    /// The violation that the request with these headers stands in for; `None` for a request
    /// that a client sent.
    #[must_use]
    pub fn refusal(&self, headers: &HeaderMap) -> Option<&Violation> {
        self.violation().filter(|_| headers.contains_key(VIOLATION_HEADER))
    }

    /// Starts answering one request. Every request handed to the handler must get one of these;
    /// a connection with more requests than finished exchanges is never closed as idle.
    pub fn exchange(&self) -> Exchange {
        Exchange { shared: Arc::clone(&self.shared) }
    }

    /// Whether the filter waits after this request for [`Self::resume_http`] or
    /// [`Self::upgraded`]. One of them must then be called, and neither for any other request.
    #[must_use]
    pub fn asks_upgrade(method: &Method, version: Version, headers: &HeaderMap) -> bool {
        let is_upgrade = || {
            headers.contains_key(header::UPGRADE)
                && headers.get_all(header::CONNECTION).iter().any(|value| {
                    super::bytes::members(value.as_bytes())
                        .any(|option| option.eq_ignore_ascii_case(b"upgrade"))
                })
        };
        method == Method::CONNECT || (version == Version::HTTP_11 && is_upgrade())
    }

    /// The request that asked to leave HTTP is refused: what follows it are requests again.
    pub fn resume_http(&self) {
        self.open(RESUMED);
    }

    /// The request that asked to leave HTTP is granted: what follows passes unread. Call it
    /// before the response is returned.
    pub fn upgraded(&self) {
        self.open(UPGRADED);
    }

    fn open(&self, how: u8) {
        let gate = &self.shared.gate;
        let changed = gate.compare_exchange(PAUSED, how, Ordering::AcqRel, Ordering::Acquire);
        if changed.is_err() {
            return;
        }
        if let Some(waker) = self.waker().take() {
            waker.wake();
        }
    }

    pub(super) fn record(&self, violation: Violation) {
        // Only the first one counts; the filter stops at it.
        self.shared.violation.get_or_init(|| violation);
    }

    /// How many exchanges have ended.
    pub(in crate::edge) fn finished(&self) -> u64 {
        self.shared.finished.load(Ordering::Relaxed)
    }

    /// Notes that the filter ended the connection because nothing was asked on it.
    pub(super) fn idle(&self) {
        self.shared.was_idle.store(true, Ordering::Relaxed);
    }

    /// Whether it did.
    pub(in crate::edge) fn was_idle(&self) -> bool {
        self.shared.was_idle.load(Ordering::Relaxed)
    }

    pub(super) fn pause(&self) {
        self.shared.gate.store(PAUSED, Ordering::Release);
    }

    /// Waits for the end of a pause; `true` when the connection has left HTTP.
    pub(super) fn poll_open(&self, cx: &Context<'_>) -> Poll<bool> {
        let mut waker = self.waker();
        // Under the lock: a change after this look finds the waker stored.
        match self.shared.gate.load(Ordering::Acquire) {
            PAUSED => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            UPGRADED => Poll::Ready(true),
            _ => {
                self.shared.gate.store(FLOWING, Ordering::Release);
                Poll::Ready(false)
            }
        }
    }

    fn waker(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        let lock = self.shared.waker.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }
}
