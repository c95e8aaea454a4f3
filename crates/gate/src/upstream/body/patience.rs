//! How long a client is waited for in a request body.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame};
use mantlet_event::reasons;
use mantlet_types::Reason;
use tokio::time::{Instant, Sleep};

use super::BodyError;
use crate::edge::RequestBody;

/// How fast a body must come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Longest pause; and what a client that trickles is ahead of the rate.
    pub pause: Duration,
    /// Bytes that must come in a second of waiting, on the whole; 0: any.
    pub rate: u64,
}

/// What is left of the patience with one client. Only the time spent waiting for it counts, not
/// the time in which the application takes nothing.
#[derive(Debug)]
pub(crate) struct Patience {
    pace: Pace,
    came: u64,
    waited: Duration,
    since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

/// A part of a body, or why there is none.
type Part = Result<Frame<Bytes>, BodyError>;

impl Patience {
    pub(crate) const fn new(pace: Pace) -> Self {
        Self { pace, came: 0, waited: Duration::ZERO, since: None, sleep: None }
    }

    /// The next frame of `body`.
    ///
    /// # Errors
    /// Why the client is waited for no longer.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut RequestBody,
    ) -> Poll<Result<Option<Part>, &'static Reason>> {
        match Pin::new(body).poll_frame(cx) {
            Poll::Pending => Poll::Ready(Err(ready!(self.poll_over(cx)))),
            Poll::Ready(frame) => {
                let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
                self.note(data.map_or(0, |data| data.len() as u64));
                Poll::Ready(Ok(frame))
            }
        }
    }

    /// Something came.
    pub(super) fn note(&mut self, size: u64) {
        self.came = self.came.saturating_add(size);
        if let Some(since) = self.since.take() {
            self.waited = self.waited.saturating_add(now().saturating_duration_since(since));
        }
    }

    /// Ends when it has been waited for long enough.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<&'static Reason> {
        let left = self.left();
        let is_paced = left < self.pace.pause;
        let deadline = |now: Instant| now + left.min(self.pace.pause);
        let sleep = match (&mut self.sleep, self.since) {
            (Some(sleep), Some(_)) => sleep,
            (Some(sleep), None) => {
                let now = now();
                self.since = Some(now);
                sleep.as_mut().reset(deadline(now));
                sleep
            }
            (empty, _) => {
                let now = now();
                self.since = Some(now);
                empty.insert(Box::pin(tokio::time::sleep_until(deadline(now))))
            }
        };
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(if is_paced { &reasons::BODY_TOO_SLOW } else { &reasons::BODY_TIMEOUT })
    }

    /// How long it may be waited for in all, beyond what it has been.
    fn left(&self) -> Duration {
        if self.pace.rate == 0 {
            return Duration::MAX;
        }
        let earned = Duration::from_millis(self.came.saturating_mul(1000) / self.pace.rate);
        self.pace.pause.saturating_add(earned).saturating_sub(self.waited)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "deadlines live on the runtime's own clock, which tests pause"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    /// How long a client is borne with that sends `size` bytes every `every`.
    async fn borne_with(rate: u64, size: u64, every: Duration) -> (u64, &'static Reason) {
        let mut patience = Patience::new(Pace { pause: Duration::from_secs(30), rate });
        let begun = now();
        loop {
            let over = tokio::time::timeout(every, poll_fn(|cx| patience.poll_over(cx))).await;
            match over {
                Ok(reason) => return (begun.elapsed().as_secs(), reason),
                Err(_) if begun.elapsed() > Duration::from_secs(10_000) => {
                    return (10_000, &reasons::BODY_INCOMPLETE);
                }
                Err(_) => patience.note(size),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_trickles_is_not_waited_for_longer_than_its_bytes_are_worth() {
        let second = Duration::from_secs(1);
        for (rate, size, every, expected) in [
            (500, 0, second * 100, (30, &reasons::BODY_TIMEOUT)),
            // A byte a second earns next to nothing.
            (500, 1, second, (30, &reasons::BODY_TOO_SLOW)),
            (500, 250, second, (59, &reasons::BODY_TOO_SLOW)),
            (500, 500, second, (10_000, &reasons::BODY_INCOMPLETE)),
            (500, 14_500, second * 29, (10_000, &reasons::BODY_INCOMPLETE)),
            (500, 1_000_000, second * 31, (30, &reasons::BODY_TIMEOUT)),
            (0, 1, second * 29, (10_000, &reasons::BODY_INCOMPLETE)),
        ] {
            let (seconds, reason) = borne_with(rate, size, every).await;
            assert_eq!(reason.code, expected.1.code, "{rate} {size} {every:?}");
            assert!(seconds.abs_diff(expected.0) <= 1, "{rate} {size} {every:?}: {seconds} s");
        }
    }
}
