//! Latency at a steady rate, asked for by a generator of our own. (h2load asks in ticks of ten
//! milliseconds: what comes out is how fast its own bursts are worked off.)
//!
//! Requests are due at random moments of the chosen rate, the same moments for everyone, whether or
//! not answers come; a time counts from when its request was due. The generator runs on core 1 and
//! sleeps between requests.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use mantlet_types::{Clock, SystemClock};
use rustix::event::{Timespec, epoll};
use rustix::thread::{CpuSet, sched_setaffinity};

use super::peer::Kind;
use crate::Outcome;

/// Connections that share the rate.
const CONNECTIONS: usize = 64;

/// How long answers may take once the last request is out.
const GRACE: Duration = Duration::from_secs(10);

/// The 99th percentile of one slice at a steady rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steady {
    /// `None` for the application itself, without a proxy.
    pub(super) kind: Option<Kind>,
    /// In microseconds.
    pub(super) p99: f64,
}

/// Asks for `path` at `rate` requests per second for so long, with a header field besides where one
/// is given; each answer has `length` bytes behind its head. The 99th percentile in microseconds; an
/// error when any request failed.
pub(super) fn run(
    (port, field): (u16, Option<&str>),
    (path, length): (&str, usize),
    rate: f64,
    slice: Duration,
) -> Outcome<f64> {
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut core = CpuSet::new();
            core.set(1);
            sched_setaffinity(None, &core).map_err(|error| format!("core 1: {error}"))?;
            let mut generator = Generator::connect((port, field), path, length)?;
            generator.ask(rate, slice)?;
            percentile(generator.times)
        });
        asking.join().map_err(|_| "the generator panicked".to_owned())?
    })
}

/// The 99th percentile of `times`.
fn percentile(mut times: Vec<f64>) -> Outcome<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() * 99 / 100).copied().ok_or_else(|| "there was no answer".to_owned())
}

struct Generator {
    request: String,
    length: usize,
    epoll: OwnedFd,
    lanes: Vec<Lane>,
    /// The lanes on which nothing is asked.
    free: Vec<usize>,
    /// When requests were due for which there was no lane.
    late: VecDeque<Duration>,
    /// In microseconds.
    times: Vec<f64>,
}

struct Lane {
    stream: TcpStream,
    due: Duration,
    answer: Vec<u8>,
}

impl Generator {
    fn connect((port, field): (u16, Option<&str>), path: &str, length: usize) -> Outcome<Self> {
        let failed = |error| format!("port {port}: {error}");
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|error| format!("no epoll: {error}"))?;
        let mut lanes = Vec::new();
        for number in 0..CONNECTIONS {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let stream = TcpStream::connect(address).map_err(failed)?;
            stream.set_nodelay(true).map_err(failed)?;
            stream.set_nonblocking(true).map_err(failed)?;
            let mark = epoll::EventData::new_u64(u64::try_from(number).unwrap_or_default());
            epoll::add(&epoll, &stream, mark, epoll::EventFlags::IN)
                .map_err(|error| format!("epoll: {error}"))?;
            lanes.push(Lane { stream, due: Duration::ZERO, answer: Vec::new() });
        }
        let field = field.map(|field| format!("{field}\r\n")).unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{field}\r\n");
        let free = (0..CONNECTIONS).collect();
        let (late, times) = (VecDeque::new(), Vec::new());
        Ok(Self { request, length, epoll, lanes, free, late, times })
    }

    /// Asks for so long, and takes every answer.
    fn ask(&mut self, rate: f64, slice: Duration) -> Outcome<()> {
        let (clock, mut gaps) = (SystemClock::new(), Gaps::of(rate));
        let mut due = gaps.next();
        loop {
            let now = clock.monotonic().since_origin();
            while due <= now && due < slice {
                self.late.push_back(due);
                due = due.saturating_add(gaps.next());
            }
            self.send()?;
            let is_over = due >= slice;
            if is_over && self.free.len() == self.lanes.len() {
                return Ok(());
            }
            if now > slice.saturating_add(GRACE) {
                return Err("answers are missing".to_owned());
            }
            let wait = if is_over { GRACE } else { due.saturating_sub(now) };
            for number in self.wait(wait)? {
                self.take(number, &clock)?;
            }
        }
    }

    fn send(&mut self) -> Outcome<()> {
        while !self.late.is_empty()
            && let Some(number) = self.free.pop()
            && let Some(lane) = self.lanes.get_mut(number)
        {
            lane.due = self.late.pop_front().unwrap_or_default();
            lane.answer.clear();
            // It fits an empty buffer of the system.
            let sent = lane.stream.write_all(self.request.as_bytes());
            sent.map_err(|error| format!("asking: {error}"))?;
        }
        Ok(())
    }

    /// The lanes on which something has come; none when nothing does for so long.
    fn wait(&self, wait: Duration) -> Outcome<Vec<usize>> {
        let mut events = Vec::with_capacity(CONNECTIONS);
        let wait = Timespec::try_from(wait).map_err(|error| format!("waiting: {error}"))?;
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&wait)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(format!("epoll: {error}")),
        }
        let number = |event: &epoll::Event| usize::try_from(event.data.u64()).ok();
        Ok(events.iter().filter_map(number).collect())
    }

    fn take(&mut self, number: usize, clock: &SystemClock) -> Outcome<()> {
        let Some(lane) = self.lanes.get_mut(number) else { return Ok(()) };
        let mut piece = [0; 4096];
        match lane.stream.read(&mut piece) {
            Ok(0) => return Err("an answer broke off".to_owned()),
            Ok(count) => lane.answer.extend_from_slice(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(format!("an answer broke off: {error}")),
        }
        if is_whole(&lane.answer, self.length)? {
            let time = clock.monotonic().since_origin().saturating_sub(lane.due);
            self.times.push(time.as_secs_f64() * 1e6);
            self.free.push(number);
        }
        Ok(())
    }
}

/// Whether `answer` is all there, with so many bytes behind its head; an error when it is not the
/// one that was asked for.
fn is_whole(answer: &[u8], length: usize) -> Outcome<bool> {
    let status = b"HTTP/1.1 200";
    if answer.len() >= status.len() && !answer.starts_with(status) {
        let start = answer.get(..status.len()).unwrap_or_default();
        return Err(format!("a request failed: {}", start.escape_ascii()));
    }
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    Ok(end.is_some_and(|end| answer.len() >= end.saturating_add(4).saturating_add(length)))
}

/// The times between requests that come independently of each other. Always the same ones: everyone
/// is asked at the same moments.
struct Gaps {
    state: u64,
    mean: f64,
}

impl Gaps {
    fn of(rate: f64) -> Self {
        Self { state: 0x9e37_79b9_7f4a_7c15, mean: 1.0 / rate.max(1.0) }
    }

    fn next(&mut self) -> Duration {
        // xorshift: good enough to spread requests.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let digits = u32::try_from(self.state >> 32).unwrap_or_default();
        let uniform = (f64::from(digits) + 1.0) / (f64::from(u32::MAX) + 1.0);
        Duration::from_secs_f64(-uniform.ln() * self.mean)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_percentile_is_that_of_all_times() {
        assert_eq!(percentile((1..=200).map(f64::from).collect()), Ok(199.0));
        assert!(percentile(Vec::new()).is_err());
    }

    #[test]
    fn requests_come_at_the_rate_on_the_whole() {
        let mut gaps = Gaps::of(1000.0);
        let all: Duration = (0..100_000).map(|_| gaps.next()).sum();
        assert!((99.0..101.0).contains(&all.as_secs_f64()), "{all:?}");
    }

    #[test]
    fn an_answer_is_whole_with_its_last_byte_and_a_failure_is_none() {
        let answer = b"HTTP/1.1 200 OK\r\n\r\nabc";
        for (count, expected) in [(5, false), (19, false), (21, false), (22, true)] {
            assert_eq!(is_whole(&answer[..count], 3), Ok(expected), "{count}");
        }
        assert!(is_whole(b"HTTP/1.1 502 Bad Gateway", 3).is_err());
    }

    #[test]
    fn every_request_is_answered_and_timed() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let _server = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || answer(stream));
            }
        });
        let mut generator = Generator::connect((port, None), "/", 2).unwrap();
        generator.ask(200.0, Duration::from_millis(500)).unwrap();
        assert!((50..200).contains(&generator.times.len()), "{}", generator.times.len());
        assert!(generator.times.iter().all(|time| *time > 0.0));
    }

    fn answer(mut stream: TcpStream) {
        let mut request = [0; 1024];
        while stream.read(&mut request).is_ok_and(|count| count > 0) {
            let _gone = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    }
}
