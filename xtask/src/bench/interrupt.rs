//! Ctrl-C and SIGTERM as an error, so that every started program is dropped, and so ended, on
//! the way out.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mantlet_types::{Clock, SystemClock};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::Outcome;

const PAUSE: Duration = Duration::from_millis(10);

/// Whether the person at the terminal wants to stop.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for the signals from now on.
    pub(super) fn listen() -> Outcome<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&flag))
                .map_err(|error| format!("cannot listen for signals: {error}"))?;
        }
        Ok(Self(flag))
    }

    /// Asks `attempt` again and again until it has an answer. An error when it has none within
    /// `limit`, when it fails, or on a signal.
    pub(super) fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        mut attempt: impl FnMut() -> Outcome<Option<T>>,
    ) -> Outcome<T> {
        let clock = SystemClock::new();
        loop {
            if let Some(answer) = attempt()? {
                return Ok(answer);
            }
            if self.0.load(Ordering::Relaxed) {
                return Err("interrupted".to_owned());
            }
            if clock.monotonic().since_origin() > limit {
                return Err(format!("{what}: no answer within {limit:?}"));
            }
            std::thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_answer_the_limit_or_the_signal() {
        let interrupt = Interrupt(Arc::default());
        let second = Duration::from_secs(1);
        assert_eq!(interrupt.wait_for("a", second, || Ok(Some(7))), Ok(7));
        let never = || Ok(None::<()>);
        let late = interrupt.wait_for("a thing", Duration::ZERO, never);
        assert!(late.unwrap_err().starts_with("a thing: no answer"));
        interrupt.0.store(true, Ordering::Relaxed);
        let stopped = interrupt.wait_for("a", second, never);
        assert_eq!(stopped.unwrap_err(), "interrupted");
    }
}
