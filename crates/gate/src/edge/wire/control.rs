//! What the request handler may know of the connection under it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::violation::Violation;

/// The handle that connects one connection with the handler of its requests. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct WireControl {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    violation: OnceLock<Violation>,
    finished: AtomicU64,
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
    /// The rule that the body of the last request on this connection broke; `None` while it broke
    /// none.
    #[must_use]
    pub fn violation(&self) -> Option<&Violation> {
        self.shared.violation.get()
    }

    /// Starts answering one request.
    pub fn exchange(&self) -> Exchange {
        Exchange { shared: Arc::clone(&self.shared) }
    }

    pub(in crate::edge) fn record(&self, violation: Violation) {
        // Only the first one counts; the connection ends with it.
        self.shared.violation.get_or_init(|| violation);
    }

    /// How many exchanges have ended.
    pub(in crate::edge) fn finished(&self) -> u64 {
        self.shared.finished.load(Ordering::Relaxed)
    }
}
