//! Requests that are kept for a while, so that settings of the WAF can be tried on them.
//!
//! | file | holds |
//! |---|---|
//! | `config.rs` | `[recording]` |
//! | `request.rs` | one recorded request, and its line of JSON |
//! | `redact.rs` | what is taken out before anything is written |
//! | `recorder.rs` | from the way of a request to the thread that writes; never waits |
//! | `ring.rs` | files of sealed records: bytes, number and age are bounded |
//! | `read.rs` | the records back, whatever a crash left behind |

mod config;
mod read;
mod recorder;
mod redact;
mod request;
mod ring;
#[cfg(test)]
mod tests;

pub use config::{KEY_FILE, RecordingSection, folder};
pub use read::{ReadReport, read};
pub(crate) use recorder::Seen;
pub use recorder::{Recorder, RecorderOptions};
pub use request::{Omitted, Recorded};
