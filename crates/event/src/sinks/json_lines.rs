//! The event log: JSON lines in a file, written by a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::log_file::{Keep, LogFile};
use super::worker::{Output, Worker, WorkerOptions, missing_record};
use super::{Drops, Report, SinkError};
use crate::{Delivery, EventSink, Record, Stream, Streams};

const NAME: &str = "file";

/// How the event log is kept.
#[derive(Debug, Clone)]
pub struct JsonLinesOptions {
    /// The file; full ones are renamed to `….1` (the newest), `….2` and so on.
    pub path: PathBuf,
    /// A file is full at this many bytes.
    pub rotate_bytes: u64,
    /// How many full files are kept; older ones are deleted.
    pub keep: u32,
    /// How many records wait at most; further ones are dropped and counted.
    pub queue: usize,
    /// Which streams are written.
    pub streams: Streams,
    /// Counts what was dropped.
    pub drops: Drops,
    /// Hears of trouble with the file.
    pub report: Report,
}

impl JsonLinesOptions {
    /// All streams to `path`, 64 MiB per file, 5 full files, 4,096 waiting records.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            rotate_bytes: 64 * 1024 * 1024,
            keep: 5,
            queue: 4096,
            streams: Streams::ALL,
            drops: Drops::default(),
            report: Report::silent(),
        }
    }
}

/// The event log.
#[derive(Debug)]
pub struct JsonLines {
    worker: Worker<Arc<Record>>,
    streams: Streams,
}

impl JsonLines {
    /// Opens the file and starts the thread that writes it.
    ///
    /// # Errors
    /// [`SinkError`] when the file cannot be opened or the thread cannot be started.
    pub fn open(options: JsonLinesOptions) -> Result<Self, SinkError> {
        let JsonLinesOptions { path, rotate_bytes, keep, queue, streams, drops, report } = options;
        let file = LogFile::open(&path, rotate_bytes, Keep::Newest(keep))
            .map_err(|source| SinkError::Open { path, source })?;
        let worker = WorkerOptions { sink: NAME, queue, drops, report };
        let worker = Worker::start(worker, Box::new(file)).map_err(SinkError::Thread)?;
        Ok(Self { worker, streams })
    }
}

impl EventSink for JsonLines {
    fn name(&self) -> &'static str {
        NAME
    }

    fn delivery(&self) -> Delivery {
        Delivery::Lossy
    }

    fn wants(&self, stream: Stream) -> bool {
        self.streams.contains(stream)
    }

    fn accept(&self, record: &Arc<Record>) {
        self.worker.accept(Arc::clone(record));
    }

    fn close(&self, timeout: Duration) {
        self.worker.flush(timeout);
    }
}

impl Output<Arc<Record>> for LogFile {
    fn write(&mut self, record: &Arc<Record>) -> io::Result<()> {
        self.push(record.line())
    }

    fn tell_missing(
        &mut self,
        sink: &'static str,
        missing: u64,
        next: &Arc<Record>,
    ) -> io::Result<()> {
        self.push(missing_record(sink, missing, next).line())
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::flush(self)
    }

    fn sync(&mut self) -> io::Result<()> {
        Self::sync(self)
    }
}
