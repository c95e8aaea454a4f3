//! A deadline that costs next to nothing while things go on: one timer per connection, which ticks
//! while something is waited for.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A wait is counted in this many ticks: it ends after its limit at the earliest and a quarter
/// more at the latest.
const TICKS: u8 = 4;

/// Counts how long nothing has happened.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    sleep: Option<Pin<Box<Sleep>>>,
    limit: Duration,
    ticks: u8,
    has_moved: bool,
}

impl Quiet {
    /// Notes that something happened.
    pub(crate) const fn moved(&mut self) {
        self.has_moved = true;
    }

    /// Ready when nothing has happened for `limit`.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, limit: Duration) -> Poll<()> {
        let tick = (limit / u32::from(TICKS)).max(Duration::from_millis(1));
        if self.limit != limit {
            self.limit = limit;
            self.ticks = 0;
            self.sleep = None;
        }
        let timer = self.sleep.get_or_insert_with(|| Box::pin(sleep(tick)));
        loop {
            ready!(timer.as_mut().poll(cx));
            if std::mem::take(&mut self.has_moved) {
                self.ticks = 0;
            } else {
                self.ticks = self.ticks.saturating_add(1);
            }
            timer.as_mut().reset(after(tick));
            if self.ticks >= TICKS {
                self.ticks = 0;
                return Poll::Ready(());
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "deadlines live on the runtime's own clock, which tests pause"
)]
fn after(wait: Duration) -> Instant {
    Instant::now() + wait
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_after_its_limit_and_not_much_later() {
        let mut quiet = Quiet::default();
        for seconds in [60, 60, 4] {
            let limit = Duration::from_secs(seconds);
            quiet.moved();
            let begun = after(Duration::ZERO);
            poll_fn(|cx| quiet.poll(cx, limit)).await;
            let took = after(Duration::ZERO) - begun;
            assert!(took >= limit && took <= limit * 5 / 4 + Duration::from_millis(5), "{took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_is_waited_for() {
        let mut quiet = Quiet::default();
        let limit = Duration::from_secs(10);
        for _ in 0..10 {
            quiet.moved();
            let waited = poll_fn(|cx| quiet.poll(cx, limit));
            assert!(tokio::time::timeout(Duration::from_secs(8), waited).await.is_err());
        }
    }
}
