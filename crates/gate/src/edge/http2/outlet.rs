//! Whether a connection takes more now. While it does not, nothing new is asked of the bodies of
//! its streams: what they hand out would only lie in memory.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where what is written to a connection goes.
#[derive(Debug, Default)]
pub(super) struct Outlet(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_full: bool,
    /// The streams that wait; at most one entry for each.
    waiting: Vec<Waker>,
}

impl Outlet {
    /// Notes what became of a write.
    pub(super) fn wrote(&self, was_taken: bool) {
        let woken = {
            let mut state = self.state();
            state.is_full = !was_taken;
            if was_taken { std::mem::take(&mut state.waiting) } else { Vec::new() }
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Ready when the last write was taken.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if !state.is_full {
            return Poll::Ready(());
        }
        if !state.waiting.iter().any(|waker| waker.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
