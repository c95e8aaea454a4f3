//! How a sink tells about its own trouble, since it cannot emit events.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use prometheus_client::metrics::counter::Counter;

/// Counts records that a sink dropped. Clones share the count; [`crate::Metrics::drops`] gives one
/// that is also a metric.
#[derive(Debug, Clone, Default)]
pub struct Drops(Counter);

impl Drops {
    pub(crate) const fn of(counter: Counter) -> Self {
        Self(counter)
    }

    /// How many records were dropped so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.get()
    }

    pub(crate) fn add(&self, records: u64) {
        self.0.inc_by(records);
    }
}

/// Where a sink says, in one line for people, that it has trouble. Called once when trouble
/// begins, not for every record.
#[derive(Clone)]
pub struct Report(Arc<dyn Fn(&str) + Send + Sync>);

impl Report {
    /// Calls `tell` with each line; it must not block for long and must not emit events.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Says nothing; what is lost is still counted.
    #[must_use]
    pub fn silent() -> Self {
        Self::new(|_| ())
    }

    pub(crate) fn tell(&self, line: &str) {
        (self.0)(line);
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Report")
    }
}

/// A sink that could not be opened.
#[derive(Debug)]
pub enum SinkError {
    /// The file cannot be opened for appending.
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The thread that writes cannot be started.
    Thread(io::Error),
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, source } => write!(
                f,
                "cannot open the log file `{}`: {source}; see that its folder exists and that \
                 this user may write there",
                path.display()
            ),
            Self::Thread(source) => write!(
                f,
                "cannot start the thread that writes the log: {source}; see the limit on processes"
            ),
        }
    }
}

impl std::error::Error for SinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Open { source, .. } | Self::Thread(source) => Some(source),
        }
    }
}
