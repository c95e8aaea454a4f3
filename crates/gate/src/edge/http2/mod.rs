//! HTTP/2: what its library leaves to us. It frames requests and bounds much of what a client may
//! send; it does not see to a client that takes nothing, asks for work without end, or stops in
//! the middle of a head.
//!
//! ```text
//! frames     the heads of frames, both ways
//! traffic    what they add up to: streams that stand still, floods
//! outlet     whether the connection takes more now
//! watched    the connection with both of these on it
//! stream     one answer, cut off when the client takes nothing of it
//! serve      a connection from its first byte to its last
//! ```

mod frames;
mod outlet;
mod serve;
mod stream;
mod traffic;
mod watched;

pub(super) use serve::serve;
