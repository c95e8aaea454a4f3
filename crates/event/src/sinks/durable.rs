//! The durable log: when `emit` returns, the line is on the disk, or `record` says that it is not.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::log_file::{Keep, LogFile};
use super::{Drops, Report, SinkError};
use crate::{Delivery, EventSink, Record, Stream, Streams};

const NAME: &str = "durable";

/// How the durable log is kept.
#[derive(Debug, Clone)]
pub struct DurableOptions {
    /// The file; full ones are renamed to `….1` (the oldest), `….2` and so on, and never deleted.
    pub path: PathBuf,
    /// A file is full at this many bytes.
    pub rotate_bytes: u64,
    /// Which streams are written. Every record costs a wait for the disk: keep to rare ones.
    pub streams: Streams,
    /// Counts what the disk refused for so long that it could not be kept waiting.
    pub drops: Drops,
    /// Hears of trouble with the file.
    pub report: Report,
}

impl DurableOptions {
    /// The audit stream to `path`, 64 MiB per file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            rotate_bytes: 64 * 1024 * 1024,
            streams: Streams::NONE.with(Stream::Audit),
            drops: Drops::default(),
            report: Report::silent(),
        }
    }
}

/// The durable log. When the disk refuses, up to 1 MiB of lines wait and are written first as soon
/// as it takes them again; the trouble is reported each time it begins.
#[derive(Debug)]
pub struct Durable {
    state: Mutex<State>,
    streams: Streams,
    drops: Drops,
    report: Report,
}

#[derive(Debug)]
struct State {
    file: LogFile,
    in_trouble: bool,
}

impl Durable {
    /// Opens the file.
    ///
    /// # Errors
    /// [`SinkError::Open`] when it cannot be opened for appending.
    pub fn open(options: DurableOptions) -> Result<Self, SinkError> {
        let DurableOptions { path, rotate_bytes, streams, drops, report } = options;
        let file = LogFile::open(&path, rotate_bytes, Keep::All)
            .and_then(|file| file.sync_folder().map(|()| file))
            .map_err(|source| SinkError::Open { path, source })?;
        let state = Mutex::new(State { file, in_trouble: false });
        Ok(Self { state, streams, drops, report })
    }

    fn append(&self, file: &mut LogFile, line: &str) -> io::Result<()> {
        let before = file.identity();
        let taken = file.push(line);
        if taken.is_err() {
            self.drops.add(1);
        }
        taken?;
        file.flush()?;
        file.sync()?;
        if file.identity() == before { Ok(()) } else { file.sync_folder() }
    }
}

impl EventSink for Durable {
    fn name(&self) -> &'static str {
        NAME
    }

    fn delivery(&self) -> Delivery {
        Delivery::Durable
    }

    fn wants(&self, stream: Stream) -> bool {
        self.streams.contains(stream)
    }

    fn accept(&self, record: &Arc<Record>) {
        // The trouble has been reported, and the line waits where there was room for it.
        let _ = self.record(record);
    }

    fn record(&self, record: &Arc<Record>) -> io::Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.append(&mut state.file, record.line());
        let began = outcome.is_err() && !state.in_trouble;
        state.in_trouble = outcome.is_err();
        drop(state);
        if let (true, Err(error)) = (began, &outcome) {
            self.report.tell(&format!(
                "the durable log cannot be written: {error}; free space or repair the disk, \
                 records wait in memory only"
            ));
        }
        outcome
    }

    fn close(&self, _timeout: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Only lines that the disk refused before can be left; their trouble has been reported.
        let _ = state.file.flush().and_then(|()| state.file.sync());
    }
}
