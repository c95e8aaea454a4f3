//! The control socket: how the command line reaches a running server on the same machine.
//!
//! A Unix socket `control.sock` in the data folder, mode 0600. Only the user the server runs as
//! and root are answered, whatever the file's mode says. One line of JSON asks, one answers, then
//! the connection ends:
//!
//! ```text
//! {"version":1,"command":"block-add","network":"192.0.2.0/24","seconds":3600,"why":"scanner"}
//! {"ok":true,"result":{"network":"192.0.2.0/24","until":"2026-01-01T00:00:00Z","ended":2}}
//! {"ok":false,"error":{"message":"`x` is not a network","hint":"write an address or …"}}
//! ```
//!
//! A command that changes something is in the audit journal before it is answered.

mod client;
mod command;
mod core_handler;
mod error;
mod handler;
mod lifecycle;
mod server;
mod socket;
#[cfg(test)]
mod tests;
mod too_wide;

pub use client::Client;
pub use command::Command;
pub use core_handler::CoreHandler;
pub use error::ControlError;
pub use handler::{Actor, ControlHandler};
pub use lifecycle::{Changes, Lifecycle, ServerFacts};
pub use server::ControlServer;

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the protocol; both ends must speak the same.
const VERSION: u64 = 1;
/// Longest request line, in bytes.
const REQUEST_BYTES: usize = 64 * 1024;
/// Longest answer, in bytes: the whole block list fits.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;
/// How long each side waits for the other.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long whoever asks waits for what takes long: reading everything again, starting a process.
const LONG_DEADLINE: Duration = Duration::from_secs(90);
/// How long whoever asks waits for what copies the whole store.
const COPY_DEADLINE: Duration = Duration::from_secs(3600);

/// Where the socket of the server on this data folder is.
fn socket_path(folder: &Path) -> PathBuf {
    folder.join("control.sock")
}
