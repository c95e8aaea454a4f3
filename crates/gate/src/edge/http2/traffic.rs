//! What the frames of a connection add up to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::frames::{self, Frame, Frames};

/// What an HTTP/2 client sends first (RFC 9113 section 3.4), in bytes.
const PREFACE: usize = 24;

/// Frames that cost the server something and the client nothing, at once and for each second. A
/// client earns more with every answer it takes, so that no honest one runs out.
const BURST: i64 = 10_000;
const PER_SECOND: i64 = 100;
/// What opening a stream and giving it up costs, in such frames, and what an answer taken earns.
const STREAM: i64 = 20;

/// Most streams that are followed; the library refuses more long before.
const MAX_STREAMS: usize = 100_000;

/// The traffic of one connection, seen from below the library.
#[derive(Debug)]
pub(super) struct Traffic(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    reading: Frames,
    writing: Frames,
    sum: Sum,
}

/// What the frames of both directions add up to.
#[derive(Debug)]
struct Sum {
    /// The streams that are not over, each with when last a piece of its answer went out.
    open: HashMap<u32, Instant>,
    /// Since when a head is incomplete; `None` between heads.
    head_open: Option<Instant>,
    /// Whether that head goes on behind the frame that is being read.
    head_goes_on: bool,
    allowance: i64,
    refilled: Instant,
    is_flooded: bool,
}

/// What is wrong with a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standstill {
    /// The client takes nothing of an answer.
    Answer,
    /// A head does not go on.
    Head,
}

impl Traffic {
    pub(super) fn new(now: Instant) -> Self {
        let sum = Sum {
            open: HashMap::new(),
            head_open: None,
            head_goes_on: false,
            allowance: BURST,
            refilled: now,
            is_flooded: false,
        };
        let (reading, writing) = (Frames::after(PREFACE), Frames::after(0));
        Self(Mutex::new(Seen { reading, writing, sum }))
    }

    /// Takes bytes of the client into account; `false` when they are a flood.
    pub(super) fn read(&self, bytes: &[u8], now: Instant) -> bool {
        let Seen { reading, sum, .. } = &mut *self.seen();
        reading.walk(bytes, |frame| sum.came(frame, now));
        if reading.is_between() && !sum.head_goes_on {
            sum.head_open = None;
        }
        sum.is_flooded = sum.allowance <= 0 && !sum.refill(now);
        !sum.is_flooded
    }

    /// Whether the last bytes of the client were a flood.
    pub(super) fn is_flooded(&self) -> bool {
        self.seen().sum.is_flooded
    }

    /// Takes bytes to the client into account.
    pub(super) fn wrote(&self, bytes: &[u8], now: Instant) {
        let Seen { writing, sum, .. } = &mut *self.seen();
        writing.walk(bytes, |frame| sum.went(frame, now));
    }

    /// Whether a client stands still: a head older than `head`, or more streams without progress
    /// for `send` than `working` requests, of which the application may be the cause.
    pub(super) fn standstill(
        &self,
        now: Instant,
        (head, send): (Duration, Duration),
        working: usize,
    ) -> Option<Standstill> {
        let Seen { sum, .. } = &*self.seen();
        let is_old = |since: Instant, limit| now.saturating_duration_since(since) >= limit;
        if sum.head_open.is_some_and(|since| is_old(since, head)) {
            return Some(Standstill::Head);
        }
        if sum.open.len() <= working {
            return None;
        }
        let still = sum.open.values().filter(|last| is_old(**last, send)).count();
        (still > working).then_some(Standstill::Answer)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sum {
    fn came(&mut self, frame: Frame, now: Instant) {
        let cost = match frame.kind {
            frames::HEADERS => {
                let is_new = self.open.len() < MAX_STREAMS;
                if is_new {
                    self.open.entry(frame.stream).or_insert(now);
                }
                i64::from(!is_new)
            }
            frames::RST_STREAM => match self.open.remove(&frame.stream) {
                Some(_) => STREAM,
                None => 1,
            },
            frames::DATA => i64::from(frame.length == 0),
            _ => i64::from(!frame.is_answer()),
        };
        self.allowance = self.allowance.saturating_sub(cost);
        if matches!(frame.kind, frames::HEADERS | frames::CONTINUATION) {
            self.head_open.get_or_insert(now);
            self.head_goes_on = frame.leaves_head_open();
        }
    }

    fn went(&mut self, frame: Frame, now: Instant) {
        match frame.kind {
            frames::DATA | frames::HEADERS if frame.ends_stream() => {
                let was_open = self.open.remove(&frame.stream).is_some();
                self.earn(if was_open { STREAM } else { 0 });
            }
            frames::DATA | frames::HEADERS => {
                if let Some(last) = self.open.get_mut(&frame.stream) {
                    *last = now;
                }
                // Each piece is answered with room for the next, on the stream and on the whole.
                self.earn(2);
            }
            frames::RST_STREAM => {
                self.open.remove(&frame.stream);
            }
            _ => {}
        }
    }

    fn earn(&mut self, frames: i64) {
        self.allowance = self.allowance.saturating_add(frames).min(BURST);
    }

    /// Adds what time has brought; whether there is an allowance again.
    fn refill(&mut self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.refilled).as_millis();
        let earned = i64::try_from(passed).unwrap_or(i64::MAX).saturating_mul(PER_SECOND) / 1000;
        self.refilled = now;
        self.earn(earned);
        self.allowance > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60));

    fn frame(kind: u8, flags: u8, stream: u32, length: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).unwrap().to_be_bytes()[1..].to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(stream.to_be_bytes());
        bytes.extend(std::iter::repeat_n(0, length));
        bytes
    }

    fn traffic() -> (Traffic, Instant) {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let traffic = Traffic::new(now);
        assert!(traffic.read(&[0; PREFACE], now));
        (traffic, now)
    }

    fn after(now: Instant, seconds: u64) -> Instant {
        now + Duration::from_secs(seconds)
    }

    #[test]
    fn an_answer_that_nobody_takes_is_told_from_one_that_is_not_there_yet() {
        let (traffic, now) = traffic();
        traffic.read(&frame(frames::HEADERS, 5, 1, 8), now);
        assert_eq!(traffic.standstill(after(now, 90), LIMITS, 1), None, "the application works");
        assert_eq!(traffic.standstill(after(now, 59), LIMITS, 0), None);
        let stuck = Some(Standstill::Answer);
        assert_eq!(traffic.standstill(after(now, 60), LIMITS, 0), stuck);
        traffic.wrote(&frame(frames::DATA, 0, 1, 100), after(now, 60));
        assert_eq!(traffic.standstill(after(now, 119), LIMITS, 0), None, "a piece went out");
        assert_eq!(traffic.standstill(after(now, 120), LIMITS, 0), stuck);
        traffic.wrote(&frame(frames::DATA, 1, 1, 100), after(now, 121));
        assert_eq!(traffic.standstill(after(now, 999), LIMITS, 0), None, "it is over");
    }

    #[test]
    fn a_head_has_a_time_in_pieces_of_any_kind() {
        let (traffic, now) = traffic();
        let head = frame(frames::HEADERS, 1, 1, 8);
        let more = frame(frames::CONTINUATION, 4, 1, 8);
        traffic.read(&head, now);
        assert_eq!(traffic.standstill(after(now, 9), LIMITS, 1), None);
        assert_eq!(traffic.standstill(after(now, 10), LIMITS, 1), Some(Standstill::Head));
        traffic.read(&more[..12], after(now, 10));
        assert_eq!(traffic.standstill(after(now, 10), LIMITS, 1), Some(Standstill::Head));
        traffic.read(&more[12..], after(now, 10));
        assert_eq!(traffic.standstill(after(now, 99), LIMITS, 1), None);
    }

    #[test]
    fn floods_end_and_honest_traffic_does_not() {
        for kind in [frames::SETTINGS, frames::PING, 2, 8, 99] {
            let (traffic, now) = traffic();
            let one = frame(kind, 0, 0, 8);
            let count = (0..20_000).take_while(|_| traffic.read(&one, now)).count();
            assert_eq!(count, 9_999, "{kind}");
            assert!(traffic.read(&[], after(now, 1)), "time brings some more");
        }
        let (traffic, now) = traffic();
        let resets = (0..2000_u32).map(|n| n * 2 + 1).take_while(|stream| {
            traffic.read(&frame(frames::HEADERS, 5, *stream, 8), now)
                && traffic.read(&frame(frames::RST_STREAM, 0, *stream, 4), now)
        });
        assert_eq!(resets.count(), 499);
        let (traffic, now) = self::traffic();
        let (ping, update) = (frame(frames::PING, 1, 0, 8), frame(8, 0, 1, 4));
        for stream in (0..100_000_u32).map(|n| n * 2 + 1) {
            let opened = frame(frames::HEADERS, 5, stream, 8);
            assert!([&opened, &update, &update, &ping].iter().all(|one| traffic.read(one, now)));
            traffic.wrote(&frame(frames::DATA, 1, stream, 100), now);
        }
    }
}
