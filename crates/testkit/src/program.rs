//! Programs that run to their end.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::{lock, poll_until};

/// The most output of one stream that is kept; the rest is read and dropped.
const MOST_OUTPUT: usize = 4 * 1024 * 1024;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit status; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

/// Runs a program to its end with no standard input.
///
/// # Panics
/// When it cannot be started, or has not ended after `timeout`; it is then killed.
#[must_use]
pub fn run_program(
    program: impl AsRef<Path>,
    arguments: &[impl AsRef<OsStr>],
    timeout: Duration,
) -> Finished {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let mut running = Running::start(command);
    running.wait(timeout).unwrap_or_else(|| {
        running.kill();
        panic!("{} runs for more than {timeout:?}: {}", program.display(), running.stderr())
    })
}

/// A program that runs, its output being collected. Killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Output,
    stderr: Output,
}

impl Running {
    /// Starts it. Its standard input is what `command` says.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let stdout = Output::collect(child.stdout.take().unwrap());
        let stderr = Output::collect(child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// What it wrote to standard output so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// How it ended; `None` while it runs.
    pub fn look(&mut self) -> Option<Finished> {
        self.wait(Duration::ZERO)
    }

    /// How it ended; `None` when it still runs after `timeout`.
    pub fn wait(&mut self, timeout: Duration) -> Option<Finished> {
        let status = poll_until(timeout, || self.child.try_wait().unwrap())?;
        self.stdout.finish();
        self.stderr.finish();
        Some(Finished { code: status.code(), stdout: self.stdout(), stderr: self.stderr() })
    }

    /// Ends it at once and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// One output stream, read on a thread of its own.
#[derive(Debug)]
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn collect(mut stream: impl Read + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8 * 1024];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                let mut kept = lock(&kept);
                let room = MOST_OUTPUT.saturating_sub(kept.len()).min(count);
                kept.extend_from_slice(&buffer[..room]);
            }
        });
        Self { bytes, reader: Some(reader) }
    }

    /// Waits for the end of the stream, but not for a grandchild that holds it open.
    fn finish(&mut self) {
        let Some(reader) = self.reader.take() else { return };
        let _ = poll_until(Duration::from_secs(1), || reader.is_finished().then_some(()));
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&lock(&self.bytes)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_both_outputs_are_kept() {
        let script = ["-c", "echo out; echo err >&2; exit 3"];
        let finished = run_program("/bin/sh", &script, Duration::from_secs(10));
        let expected =
            Finished { code: Some(3), stdout: "out\n".to_owned(), stderr: "err\n".to_owned() };
        assert_eq!(finished, expected);
    }

    #[test]
    #[should_panic(expected = "runs for more than")]
    fn a_program_that_hangs_fails_the_test() {
        let _ = run_program("/bin/sh", &["-c", "sleep 60"], Duration::from_millis(50));
    }
}
