//! Audit logs that are open: routes and configurations that name the same file share it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use mantlet_event::{Events, LineFile, LineFileOptions, Metrics, Report, SinkError, Weigh};
use mantlet_waf::AuditRecord;

use super::line;

/// The name of the log in metrics and messages.
const NAME: &str = "waf-audit";

/// How audit logs are kept.
#[derive(Debug, Clone)]
pub struct AuditLogOptions {
    /// Where files are that are named without a folder of their own.
    pub folder: PathBuf,
    /// A file is full at this many bytes.
    pub rotate_bytes: u64,
    /// How many full files are kept.
    pub keep: u32,
    /// How many records wait at most; further ones are dropped and counted.
    pub queue: usize,
    /// What knows the secrets that are taken out.
    pub events: Events,
    /// Where dropped records are counted.
    pub metrics: Metrics,
    /// Hears of trouble with a file.
    pub report: Report,
}

/// A record on its way to the file.
struct Waiting(Box<AuditRecord>);

impl Weigh for Waiting {
    fn weight(&self) -> usize {
        self.0.weight()
    }
}

/// One file of records.
pub(crate) struct AuditLog(LineFile<Waiting>);

impl fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditLog")
    }
}

impl AuditLog {
    fn open(path: PathBuf, options: &AuditLogOptions) -> Result<Self, SinkError> {
        let file = LineFileOptions {
            name: NAME,
            path,
            rotate_bytes: options.rotate_bytes,
            keep: options.keep,
            queue: options.queue,
            drops: options.metrics.drops(NAME),
            report: options.report.clone(),
        };
        let (events, server) = (options.events.clone(), line::server_id());
        let render =
            move |Waiting(record): &Waiting| line::render(record, &server, &events.redactor());
        LineFile::open(file, render).map(Self)
    }

    /// Has the record written; never waits.
    pub(crate) fn accept(&self, record: AuditRecord) {
        self.0.accept(Waiting(Box::new(record)));
    }
}

/// The audit logs of one process. Without options nothing is ever written: settings that are only tried
/// leave no trace.
#[derive(Debug, Default)]
pub struct AuditLogs {
    options: Option<AuditLogOptions>,
    open: Mutex<HashMap<PathBuf, Weak<AuditLog>>>,
}

impl AuditLogs {
    /// Logs that are written.
    #[must_use]
    pub fn new(options: AuditLogOptions) -> Self {
        Self { options: Some(options), open: Mutex::default() }
    }

    /// The log in this file, which is opened unless it is. `None` where nothing is written.
    ///
    /// # Errors
    /// [`SinkError`] when it cannot be opened.
    pub(crate) fn open(&self, file: &str) -> Result<Option<Arc<AuditLog>>, SinkError> {
        let Some(options) = &self.options else { return Ok(None) };
        let path = options.folder.join(Path::new(file));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, log| log.strong_count() > 0);
        if let Some(log) = open.get(&path).and_then(Weak::upgrade) {
            return Ok(Some(log));
        }
        let log = Arc::new(AuditLog::open(path.clone(), options)?);
        open.insert(path, Arc::downgrade(&log));
        Ok(Some(log))
    }

    /// Waits until what was recorded so far is on the disk, about `timeout` for each file at most.
    pub fn flush(&self, timeout: Duration) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().filter_map(Weak::upgrade).for_each(|log| log.0.flush(timeout));
    }
}
