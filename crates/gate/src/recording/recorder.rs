//! From the way of a request to the thread that writes. The way never waits: what does not fit into
//! the queue is dropped and counted.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, HOST};
use mantlet_crypto::RootKey;
use mantlet_event::{CounterHandle, Events, Metrics, reasons};
use mantlet_types::{Clock, Reason, Rng, Timestamp};

use super::read::RINGS;
use super::redact::redact;
use super::ring::{Bounds, Ring};
use super::{Omitted, Recorded, RecordingSection};
use crate::pipeline::{Exchange, WouldRefuse};

/// Requests that wait to be written at most.
const QUEUE: usize = 1024;
/// What they take together at most, about, in bytes.
const QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// Requests of one second that are taken: a flood of refusals is not worth the work.
const RATE: u64 = 200;
/// How often what is too old is looked for while nothing comes.
const PERIOD: Duration = Duration::from_secs(60);
/// Why requests are refused for who sent them, how many, or in doubt; these are not recorded.
const ABOUT_THE_CLIENT: [&Reason; 5] = [
    &reasons::ADDRESS_BLOCKED,
    &reasons::RATE_LIMITED,
    &reasons::TOO_MANY_AT_ONCE,
    &reasons::ROUTE_BUSY,
    &reasons::GUARD_FAILED,
];

/// What there is of the body of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seen<'a> {
    /// There is none.
    None,
    /// All of it.
    Whole(&'a Bytes),
    /// There is one, and nobody held it.
    NotHeld,
}

/// What a recorder needs.
#[derive(Debug)]
pub struct RecorderOptions {
    /// The folder of the recording.
    pub folder: PathBuf,
    /// The key that records are sealed with.
    pub key: RootKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where trouble is counted.
    pub metrics: Metrics,
    /// What knows the secrets that are taken out.
    pub events: Events,
    /// Where trouble is told once it begins.
    pub report: fn(&str),
}

/// Records requests.
#[derive(Debug)]
pub struct Recorder {
    sender: SyncSender<Message>,
    queued: Arc<AtomicUsize>,
    dropped: CounterHandle,
    flooded: CounterHandle,
    /// The second and, in the lower half, how many requests of it were taken.
    taken: AtomicU64,
    rng: Arc<dyn Rng>,
    passed_percent: u16,
    body_limit: usize,
}

enum Message {
    Request(Box<Draft>),
    Flush(SyncSender<()>),
}

/// A request as it came from the way.
struct Draft {
    at: Timestamp,
    recorded: Recorded,
    headers: HeaderMap,
    body: Option<Bytes>,
    weight: usize,
}

impl Recorder {
    /// Opens the rings and starts the thread; it ends when the recorder is dropped.
    ///
    /// # Errors
    /// When the folder cannot be used or no thread can be started.
    pub fn start(section: &RecordingSection, options: RecorderOptions) -> io::Result<Self> {
        let bounds = Bounds {
            bytes: section.size.0 / 2,
            records: u64::from(section.requests / 2),
            age: section.max_age,
        };
        let ring = |name| Ring::open(&options.folder, name, bounds, options.key.clone());
        let rings = [ring(RINGS[0])?, ring(RINGS[1])?];
        let (sender, receiver) = sync_channel(QUEUE);
        let queued = Arc::new(AtomicUsize::new(0));
        let recorder = Self {
            sender,
            queued: Arc::clone(&queued),
            dropped: options.metrics.limit_counter("recording.queue"),
            flooded: options.metrics.limit_counter("recording.rate"),
            taken: AtomicU64::new(0),
            rng: Arc::clone(&options.rng),
            passed_percent: section.passed_percent,
            body_limit: usize::try_from(section.body_limit.0).unwrap_or(usize::MAX),
        };
        let writer = Writer { receiver, queued, rings, options, is_in_trouble: false };
        thread::Builder::new().name("recording".to_owned()).spawn(move || writer.run())?;
        Ok(recorder)
    }

    /// Records a request that was refused, if that was for what it holds.
    pub(crate) fn refused(&self, exchange: &Exchange, body: Seen<'_>, reason: &'static Reason) {
        if !ABOUT_THE_CLIENT.contains(&reason) {
            self.queue(exchange, body, reason.code);
        }
    }

    /// Records a request that passed, if it is of the share that is kept, or a guard would have
    /// refused it.
    pub(crate) fn passed(&self, exchange: &Exchange, body: Seen<'_>) {
        match exchange.facts.lookup::<WouldRefuse>() {
            Some(WouldRefuse(reason)) if !ABOUT_THE_CLIENT.contains(reason) => {
                self.queue(exchange, body, reason.code);
            }
            _ if self.is_drawn() => self.queue(exchange, body, ""),
            _ => {}
        }
    }

    /// Waits until everything queued so far is written, at most `timeout`.
    pub fn flush(&self, timeout: Duration) {
        let (done, finished) = sync_channel(1);
        // A queue that is full is not waited for: what fits is written anyway.
        if self.sender.try_send(Message::Flush(done)).is_ok() {
            let _ = finished.recv_timeout(timeout);
        }
    }

    fn is_drawn(&self) -> bool {
        if self.passed_percent >= 100 {
            return true;
        }
        let mut drawn = [0; 4];
        self.rng.fill(&mut drawn);
        u32::from_le_bytes(drawn) % 100 < u32::from(self.passed_percent)
    }

    /// Whether one more request of this second is taken.
    fn has_room(&self, at: Timestamp) -> bool {
        let second = u64::try_from(at.as_second()).unwrap_or(0) << 32;
        let count = |old: u64| if old >> 32 == second >> 32 { old & 0xffff_ffff } else { 0 };
        let one_more =
            |old| Some(count(old)).filter(|taken| *taken < RATE).map(|taken| second | (taken + 1));
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn queue(&self, exchange: &Exchange, body: Seen<'_>, refused: &str) {
        if !self.has_room(exchange.at) {
            self.flooded.add_one();
            return;
        }
        let (body, omitted) = match body {
            Seen::None => (None, None),
            Seen::NotHeld => (None, Some(Omitted::NotHeld)),
            Seen::Whole(body) if body.len() > self.body_limit => (None, Some(Omitted::TooLarge)),
            Seen::Whole(_) if exchange.headers.contains_key(CONTENT_ENCODING) => {
                (None, Some(Omitted::Compressed))
            }
            Seen::Whole(body) => (Some(body.clone()), None),
        };
        let draft = Draft::new(exchange, body, omitted, refused);
        let weight = draft.weight;
        let has_room = self.queued.fetch_add(weight, Ordering::Relaxed) < QUEUE_BYTES;
        if has_room && self.sender.try_send(Message::Request(Box::new(draft))).is_ok() {
            return;
        }
        self.queued.fetch_sub(weight, Ordering::Relaxed);
        self.dropped.add_one();
    }
}

impl Draft {
    fn new(
        exchange: &Exchange,
        body: Option<Bytes>,
        body_omitted: Option<Omitted>,
        refused: &str,
    ) -> Self {
        let path = exchange.path.as_str();
        let target = match &exchange.query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let headers = exchange.headers.clone();
        let fields: usize =
            headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let weight = target.len() + fields + body.as_ref().map_or(0, Bytes::len);
        let recorded = Recorded {
            version: 1,
            id: exchange.id.to_string(),
            method: exchange.method.as_str().to_owned(),
            scheme: exchange.client.scheme.as_str().to_owned(),
            host: String::from_utf8_lossy(exchange.authority.as_bytes()).into_owned(),
            target,
            body_omitted,
            refused: refused.to_owned(),
            ..Recorded::default()
        };
        Self { at: exchange.at, recorded, headers, body, weight }
    }

    /// The request as it will be written, with its secrets yet.
    fn into_recorded(self) -> Recorded {
        let Self { at, mut recorded, headers, body, .. } = self;
        recorded.at = at.to_string();
        recorded.headers = headers
            .iter()
            .filter(|(name, _)| *name != HOST)
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        match body.map(|body| text(&body)) {
            Some(Some(text)) => recorded.body = Some(text),
            Some(None) => recorded.body_omitted = Some(Omitted::NotText),
            None => {}
        }
        recorded
    }
}

/// A body as text; `None` when it is not text: in other bytes nobody can look for secrets.
fn text(body: &[u8]) -> Option<String> {
    let is_text = |byte: &u8| !matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1f | 0x7f);
    let text = std::str::from_utf8(body).ok()?;
    body.iter().all(is_text).then(|| text.to_owned())
}

/// The thread's end.
struct Writer {
    receiver: Receiver<Message>,
    queued: Arc<AtomicUsize>,
    rings: [Ring; 2],
    options: RecorderOptions,
    is_in_trouble: bool,
}

impl Writer {
    fn run(mut self) {
        loop {
            match self.receiver.recv_timeout(PERIOD) {
                Ok(Message::Request(draft)) => {
                    let weight = draft.weight;
                    self.write(*draft);
                    self.queued.fetch_sub(weight, Ordering::Relaxed);
                }
                // Whoever asked may have stopped waiting.
                Ok(Message::Flush(done)) => drop(done.try_send(())),
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.options.clock.now();
                    self.rings.iter_mut().for_each(|ring| ring.expire(now));
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn write(&mut self, draft: Draft) {
        let at = draft.at;
        let mut recorded = draft.into_recorded();
        redact(&mut recorded, &self.options.events.redactor());
        let [refused, passed] = &mut self.rings;
        let ring = if recorded.refused.is_empty() { passed } else { refused };
        let written = ring.add(recorded.to_line().as_bytes(), at, &*self.options.rng);
        let Err(error) = written else {
            self.is_in_trouble = false;
            return;
        };
        self.options.metrics.limit_reached("recording.disk");
        if !std::mem::replace(&mut self.is_in_trouble, true) {
            (self.options.report)(&format!(
                "the recording cannot be written: {error}; requests may be missing until it can"
            ));
        }
    }
}
