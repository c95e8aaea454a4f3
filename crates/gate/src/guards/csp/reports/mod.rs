//! What browsers report about policies, and what pages hold that a policy must allow: bounded, kept
//! over restarts, read by `mantlet csp suggest`.
//!
//! Everything in a report is the word of whoever sent it. It is never an event and never a line of a
//! log; it is counted, and shown to the operator as such.

mod file;
mod parse;
mod store;
#[cfg(test)]
mod tests;

pub use file::ReportsError;
pub use parse::Format;
pub use store::{Known, Rejected, Reports};

/// The most characters of a script that are kept, to be recognised by.
pub(super) const SAMPLE: usize = 80;

/// One thing that a policy blocks or would block, at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The directive, as in `script-src-elem`.
    pub directive: String,
    /// What it is about: an origin, a scheme, `'inline'`, `'eval'`, `'self'` or a hash in quotes.
    pub source: String,
    /// The path of the page, without query.
    pub document: String,
    /// The beginning of the script or style; empty when it is not known.
    pub sample: String,
}
