//! Serving, then retiring, then draining, then over: one value that everything long-lived watches.

use tokio::sync::watch;

/// The life of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Connections are accepted.
    Serving,
    /// No new connections; what is open may ask once more, and is told that it is the last time.
    Retiring,
    /// Connections without a running request are closed; what runs may end.
    Draining,
    /// What still runs is cut off.
    Over,
}

/// Moves the server to its next phase; never back.
#[derive(Debug, Clone)]
pub struct PhaseSwitch(watch::Sender<Phase>);

impl Default for PhaseSwitch {
    fn default() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }
}

impl PhaseSwitch {
    /// Goes to `phase`, unless the server is already there or further.
    pub fn advance(&self, phase: Phase) {
        self.0.send_if_modified(|current| {
            let is_forward = phase > *current;
            if is_forward {
                *current = phase;
            }
            is_forward
        });
    }

    /// The phase now.
    #[must_use]
    pub fn current(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits until the server is in `phase` or further.
    pub async fn reached(&self, phase: Phase) {
        let mut phases = self.0.subscribe();
        // The sender lives as long as we do.
        let _ = phases.wait_for(|current| *current >= phase).await;
    }
}
