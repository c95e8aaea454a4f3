//! What both sides of HTTP/1.1 share, the one towards clients (`edge/http1`) and the one towards
//! applications (`upstream/http1`).
//!
//! ```text
//! sending    a message on its way out: head and body in one write where they fit
//! intake     what is read, through memory that all connections of a thread share
//! pipe       bytes that nobody looks at, moved by the kernel
//! table      tables of headers, used again
//! left       a connection that has left HTTP
//! quiet      how long nothing has happened on a connection
//! ```

pub(crate) mod intake;
mod left;
mod pipe;
mod quiet;
mod sending;
pub(crate) mod table;

pub(crate) use left::Left;
pub(crate) use pipe::{Carrier, Pipe, Piped};
pub(crate) use quiet::Quiet;
pub(crate) use sending::{Length, SendError, Sending};
