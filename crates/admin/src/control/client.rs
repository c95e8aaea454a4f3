//! The command line's end of the control socket.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantlet_types::{Clock as _, SystemClock};
use serde_json::Value;

use super::command::parse_answer;
use super::{ANSWER_BYTES, Command, ControlError, DEADLINE, socket_path};

/// A way to the server that runs on a data folder. Blocks, each request for a bounded time.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    /// The connection for the next request; each takes one of its own.
    stream: Option<UnixStream>,
}

impl Client {
    /// The way to the server on the data folder `folder`; `None` when none runs there.
    ///
    /// # Errors
    /// [`ControlError`] when there may be one and it cannot be reached.
    pub fn connect(folder: &Path) -> Result<Option<Self>, ControlError> {
        let path = socket_path(folder);
        match UnixStream::connect(&path) {
            Ok(stream) => Ok(Some(Self { path, stream: Some(stream) })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(unreachable_server(&path, &error)),
        }
    }

    /// Has a command carried out and returns what came of it.
    ///
    /// # Errors
    /// [`ControlError`]: the server's own, or that it did not answer.
    pub fn request(&mut self, command: &Command) -> Result<Value, ControlError> {
        let failed = |error: io::Error| unreachable_server(&self.path, &error);
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => UnixStream::connect(&self.path).map_err(failed)?,
        };
        let answer =
            exchange(stream, command.to_line().as_bytes(), command.patience()).map_err(failed)?;
        parse_answer(&answer)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn unreachable_server(path: &Path, error: &io::Error) -> ControlError {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "run the command as the user the server runs as, or as root"
        }
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "it did not answer in time: try again, and look at its log"
        }
        _ => "see that the server runs and that this is its data folder",
    };
    ControlError::new(format!("cannot ask the server at `{}`: {error}", path.display()), hint)
}

/// Sends the line and reads to the end, in `patience` altogether.
fn exchange(mut stream: UnixStream, line: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    let clock = SystemClock::new();
    let start = clock.monotonic();
    stream.set_write_timeout(Some(DEADLINE))?;
    // A server that refuses closes without reading; its answer says why.
    let sent = stream.write_all(line);
    let mut answer = Vec::new();
    let mut chunk = [0; 16 * 1024];
    while !answer.ends_with(b"\n") {
        let left = patience.saturating_sub(clock.monotonic().since(start));
        if left.is_zero() || answer.len() > ANSWER_BYTES {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if answer.is_empty() {
        sent?;
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}
