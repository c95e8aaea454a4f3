//! The thread that writes for a lossy sink or a log of lines, and the bounded queue before it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use super::{Drops, Report};
use crate::{Event, Record, catalogue, field};

/// What waits in one queue takes at most about this many bytes, however many they are.
const QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// When the queue has run empty, the thread rests this long before it waits to be woken: under
/// load a producer then almost never pays for a wake-up.
const REST: Duration = Duration::from_millis(2);

/// What can wait in a queue.
pub trait Weigh {
    /// About how many bytes it takes until it is written.
    fn weight(&self) -> usize;
}

impl Weigh for Arc<Record> {
    fn weight(&self) -> usize {
        Record::weight(self)
    }
}

/// What the thread writes to.
pub(super) trait Output<T>: Send {
    /// Takes one item.
    fn write(&mut self, item: &T) -> io::Result<()>;
    /// Says where people read that `missing` items are not there before `next`.
    fn tell_missing(&mut self, sink: &'static str, missing: u64, next: &T) -> io::Result<()>;
    /// Writes out what it took; called when the queue has run empty.
    fn flush(&mut self) -> io::Result<()>;
    /// Makes it last; called when the sink is closed.
    fn sync(&mut self) -> io::Result<()>;
}

/// How a worker is set up.
#[derive(Debug)]
pub(super) struct WorkerOptions {
    pub(super) sink: &'static str,
    pub(super) queue: usize,
    pub(super) drops: Drops,
    pub(super) report: Report,
}

/// The record that says so in a log of events.
pub(super) fn missing_record(sink: &'static str, missing: u64, next: &Record) -> Record {
    let mut event = Event::new(&catalogue::LOG_RECORD_DROPPED)
        .text(field::SINK, sink)
        .number(field::COUNT, i64::try_from(missing).unwrap_or(i64::MAX));
    event.stamp(next.event().at());
    Record::new(event)
}

/// The sender's end.
#[derive(Debug)]
pub(super) struct Worker<T> {
    sender: SyncSender<Message<T>>,
    queued_bytes: Arc<AtomicUsize>,
    drops: Drops,
}

enum Message<T> {
    Item(T),
    Flush(SyncSender<()>),
}

impl<T: Weigh + Send + 'static> Worker<T> {
    /// Starts the thread; it ends when the worker is dropped, after writing what is queued.
    pub(super) fn start(options: WorkerOptions, output: Box<dyn Output<T>>) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(options.queue.max(1));
        let queued_bytes = Arc::new(AtomicUsize::new(0));
        let drops = options.drops.clone();
        let writer = Writer {
            receiver,
            queued_bytes: Arc::clone(&queued_bytes),
            output,
            told_drops: drops.count(),
            in_trouble: false,
            options,
        };
        thread::Builder::new()
            .name(format!("log-{}", writer.options.sink))
            .spawn(move || writer.run())?;
        Ok(Self { sender, queued_bytes, drops })
    }

    /// Queues the item, or drops and counts it when the queue is full. Never blocks.
    pub(super) fn accept(&self, item: T) {
        let weight = item.weight();
        if self.queued_bytes.fetch_add(weight, Ordering::Relaxed) < QUEUE_BYTES
            && self.sender.try_send(Message::Item(item)).is_ok()
        {
            return;
        }
        self.queued_bytes.fetch_sub(weight, Ordering::Relaxed);
        self.drops.add(1);
    }

    /// Waits until everything queued so far is written, at most about `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let (done, finished) = sync_channel(1);
        let mut message = Message::Flush(done);
        let mut left = timeout;
        loop {
            match self.sender.try_send(message) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if !left.is_zero() => message = back,
                Err(_) => return,
            }
            thread::sleep(REST.min(left));
            left = left.saturating_sub(REST);
        }
        // Running out of time is the documented outcome; there is nobody left to tell.
        let _ = finished.recv_timeout(left);
    }
}

/// The thread's end.
struct Writer<T> {
    receiver: Receiver<Message<T>>,
    queued_bytes: Arc<AtomicUsize>,
    output: Box<dyn Output<T>>,
    options: WorkerOptions,
    /// How many drops the output itself tells of.
    told_drops: u64,
    in_trouble: bool,
}

impl<T: Weigh> Writer<T> {
    fn run(mut self) {
        while let Some(message) = self.next() {
            match message {
                Message::Item(item) => {
                    self.tell_drops(&item);
                    self.write(&item);
                    self.queued_bytes.fetch_sub(item.weight(), Ordering::Relaxed);
                }
                Message::Flush(done) => {
                    let outcome = self.output.flush().and_then(|()| self.output.sync());
                    self.note(outcome);
                    // Whoever asked may have stopped waiting.
                    let _ = done.try_send(());
                }
            }
        }
        let outcome = self.output.flush();
        self.note(outcome);
    }

    /// The next message; flushes whenever there is none. `None` when the sink is gone.
    fn next(&mut self) -> Option<Message<T>> {
        match self.receiver.try_recv() {
            Ok(message) => return Some(message),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {}
        }
        let outcome = self.output.flush();
        self.note(outcome);
        thread::sleep(REST);
        self.receiver.try_recv().or_else(|_| self.receiver.recv()).ok()
    }

    fn write(&mut self, item: &T) {
        if let Err(error) = self.output.write(item) {
            self.options.drops.add(1);
            self.note(Err(error));
        }
    }

    /// Says in the log itself that items are missing before `next`.
    fn tell_drops(&mut self, next: &T) {
        let drops = self.options.drops.count();
        let missing = drops.saturating_sub(self.told_drops);
        if missing > 0 && self.output.tell_missing(self.options.sink, missing, next).is_ok() {
            self.told_drops = drops;
        }
    }

    /// Tells of trouble once when it begins.
    fn note(&mut self, outcome: io::Result<()>) {
        match outcome {
            Ok(()) => self.in_trouble = false,
            Err(_) if self.in_trouble => {}
            Err(error) => {
                self.in_trouble = true;
                let sink = self.options.sink;
                self.options.report.tell(&format!(
                    "the {sink} log cannot be written: {error}; records may be missing until it can"
                ));
            }
        }
    }
}
