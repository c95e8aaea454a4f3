//! Deadlines that cost a connection next to nothing while requests flow: one timer, armed when
//! the filter first has to wait, and armed anew only when it fires or a head stays open.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::Rules;

/// Idle time is counted in this many ticks: a connection is closed after `idle_timeout` at the
/// earliest and a quarter more at the latest.
const IDLE_TICKS: u32 = 4;

/// Longest wait the timer is asked for; keeps the arithmetic from overflowing.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Which deadline has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expired {
    /// An open head was not completed in time.
    Head,
    /// Nothing was asked of the connection for too long.
    Idle,
}

/// What the timer has to know of the stream when the filter waits for a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// Whether part of a head has arrived.
    pub(super) has_open_head: bool,
    /// Heads passed so far.
    pub(super) heads: u64,
    /// Requests answered so far.
    pub(super) finished: u64,
}

/// The timer of one connection.
#[derive(Debug, Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline of an open head, and which head it is.
    head: Option<(u64, Instant)>,
    quiet_ticks: u32,
    was_active: bool,
    finished: u64,
}

impl Timer {
    /// Notes that bytes arrived.
    pub(super) const fn note_activity(&mut self) {
        self.was_active = true;
    }

    /// Looks whether a deadline has passed, and asks to be woken at the next one.
    pub(super) fn expired(
        &mut self,
        cx: &mut Context<'_>,
        waiting: Waiting,
        rules: &Rules,
    ) -> Option<Expired> {
        self.watch_head(waiting, rules);
        loop {
            let tick = rules.idle_timeout / IDLE_TICKS;
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(after(tick))));
            if sleep.as_mut().poll(cx).is_pending() {
                return None;
            }
            match self.head {
                Some((_, deadline)) if now() >= deadline => return Some(Expired::Head),
                Some((_, deadline)) => self.arm(deadline),
                None => {
                    if self.is_idle(waiting) {
                        return Some(Expired::Idle);
                    }
                    self.arm(after(tick));
                }
            }
        }
    }

    /// Arms the timer for one wait that nothing else uses.
    pub(super) fn wait_from_now(&mut self, wait: Duration) {
        self.head = None;
        self.arm(after(wait));
    }

    /// Whether the wait is over.
    pub(super) fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.as_mut();
        sleep.is_none_or(|sleep| sleep.as_mut().poll(cx).is_ready())
    }

    fn watch_head(&mut self, waiting: Waiting, rules: &Rules) {
        if !waiting.has_open_head {
            self.head = None;
        } else if self.head.is_none_or(|(head, _)| head != waiting.heads) {
            let deadline = after(rules.head_timeout);
            self.head = Some((waiting.heads, deadline));
            self.arm(deadline);
        }
    }

    fn is_idle(&mut self, waiting: Waiting) -> bool {
        let is_busy = waiting.heads != waiting.finished || self.finished != waiting.finished;
        self.finished = waiting.finished;
        if std::mem::take(&mut self.was_active) || is_busy {
            self.quiet_ticks = 0;
        } else {
            self.quiet_ticks = self.quiet_ticks.saturating_add(1);
        }
        self.quiet_ticks >= IDLE_TICKS
    }

    fn arm(&mut self, deadline: Instant) {
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(deadline),
            None => self.sleep = Some(Box::pin(sleep_until(deadline))),
        }
    }
}

fn after(wait: Duration) -> Instant {
    // A timer never waits for nothing: a zero timeout must not spin.
    now() + wait.clamp(Duration::from_millis(1), LONGEST)
}

#[expect(
    clippy::disallowed_methods,
    reason = "deadlines live on the runtime's own clock, which tests pause"
)]
fn now() -> Instant {
    Instant::now()
}
