//! Settings of the WAF, tried on requests of before: what would they have refused?
//!
//! | file | holds |
//! |---|---|
//! | `judge.rs` | one request through the stages before the guards, and the WAF guard itself |
//! | `source.rs` | requests out of a file, one at a time: recorded ones, or what a browser exported |
//! | `har.rs` | HAR 1.2 |
//!
//! There is no second WAF here: the guard is the one that the gate asks.

mod har;
mod judge;
mod source;
#[cfg(test)]
mod tests;

pub use judge::{Judged, Outcome, Replay};
pub use source::{Entry, SourceError, read};
