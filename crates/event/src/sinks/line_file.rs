//! A file of lines that are no events, in a form that other programs know; written by a thread of its
//! own, as the event log is.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::log_file::{Keep, LogFile};
use super::worker::{Output, Weigh, Worker, WorkerOptions};
use super::{Drops, Report, SinkError};

/// How such a file is kept.
#[derive(Debug, Clone)]
pub struct LineFileOptions {
    /// The name of the log in messages.
    pub name: &'static str,
    /// The file; full ones are renamed to `….1` (the newest), `….2` and so on. When somebody else
    /// moves it away, it is opened anew.
    pub path: PathBuf,
    /// A file is full at this many bytes.
    pub rotate_bytes: u64,
    /// How many full files are kept; older ones are deleted.
    pub keep: u32,
    /// How many items wait at most; further ones are dropped and counted.
    pub queue: usize,
    /// Counts what was dropped. The file itself does not say it: its readers know one kind of line.
    pub drops: Drops,
    /// Hears of trouble with the file.
    pub report: Report,
}

/// A file of lines, one for each item.
#[derive(Debug)]
pub struct LineFile<T> {
    worker: Worker<T>,
}

impl<T: Weigh + Send + 'static> LineFile<T> {
    /// Opens the file and starts the thread that writes what `render` makes of items: one line each,
    /// without line breaks in it.
    ///
    /// # Errors
    /// [`SinkError`] when the file cannot be opened or the thread cannot be started.
    pub fn open(
        options: LineFileOptions,
        render: impl FnMut(&T) -> String + Send + 'static,
    ) -> Result<Self, SinkError> {
        let LineFileOptions { name, path, rotate_bytes, keep, queue, drops, report } = options;
        let file = LogFile::open(&path, rotate_bytes, Keep::Newest(keep))
            .map_err(|source| SinkError::Open { path, source })?;
        let options = WorkerOptions { sink: name, queue, drops, report };
        let output = Rendered { file, render: Box::new(render) };
        let worker = Worker::start(options, Box::new(output)).map_err(SinkError::Thread)?;
        Ok(Self { worker })
    }

    /// Queues an item, or drops and counts it when the queue is full. Never blocks.
    pub fn accept(&self, item: T) {
        self.worker.accept(item);
    }

    /// Waits until everything queued so far is on the disk, at most about `timeout`.
    pub fn flush(&self, timeout: Duration) {
        self.worker.flush(timeout);
    }
}

/// The file with what makes its lines.
struct Rendered<T> {
    file: LogFile,
    render: Box<dyn FnMut(&T) -> String + Send>,
}

impl<T> fmt::Debug for Rendered<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendered").field("file", &self.file).finish_non_exhaustive()
    }
}

impl<T> Output<T> for Rendered<T> {
    fn write(&mut self, item: &T) -> io::Result<()> {
        let line = (self.render)(item);
        debug_assert!(!line.contains('\n'), "one item is one line");
        self.file.push(&line)
    }

    fn tell_missing(&mut self, _sink: &'static str, _missing: u64, _next: &T) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    const WAIT: Duration = Duration::from_secs(10);

    struct Item(u32);

    impl Weigh for Item {
        fn weight(&self) -> usize {
            4
        }
    }

    fn options(path: PathBuf, queue: usize) -> LineFileOptions {
        LineFileOptions {
            name: "test",
            path,
            rotate_bytes: u64::MAX,
            keep: 1,
            queue,
            drops: Drops::default(),
            report: Report::silent(),
        }
    }

    #[test]
    fn items_become_lines_and_a_file_moved_away_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines.json");
        let log = LineFile::open(options(path.clone(), 8), |Item(it)| it.to_string()).unwrap();
        log.accept(Item(1));
        log.flush(WAIT);
        fs::rename(&path, folder.path().join("moved")).unwrap();
        log.accept(Item(2));
        log.flush(WAIT);
        assert_eq!(fs::read_to_string(folder.path().join("moved")).unwrap(), "1\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "2\n");
    }

    #[test]
    fn a_slow_disk_holds_nobody_and_what_is_dropped_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let gate = Arc::new(AtomicBool::new(false));
        let options = options(folder.path().join("lines.json"), 2);
        let drops = options.drops.clone();
        let is_open = Arc::clone(&gate);
        let log = LineFile::open(options, move |Item(it)| {
            while !is_open.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            it.to_string()
        });
        let log = log.unwrap();
        // One is in the hands of the thread, two wait.
        (0..10).for_each(|it| log.accept(Item(it)));
        assert!(drops.count() >= 7, "{}", drops.count());
        gate.store(true, Ordering::Relaxed);
        log.flush(WAIT);
        let lines = fs::read_to_string(folder.path().join("lines.json")).unwrap();
        assert_eq!(lines.lines().count() as u64 + drops.count(), 10);
    }
}
