//! What both sides of HTTP/1.1 share, the one towards clients (`edge/http1`) and the one towards
//! applications (`upstream/http1`).
//!
//! ```text
//! sending    a message on its way out: head and body in one write where they fit
//! read_size  how much to read at once
//! table      tables of headers, used again
//! quiet      how long nothing has happened on a connection
//! ```

mod quiet;
mod read_size;
mod sending;
pub(crate) mod table;

pub(crate) use quiet::Quiet;
pub(crate) use read_size::ReadSize;
pub(crate) use sending::{Length, SendError, Sending};
