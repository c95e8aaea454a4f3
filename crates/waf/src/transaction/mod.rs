//! One request and its answer before the rules, phase by phase.
//!
//! The caller hands over what it has and asks after each phase whether the request may go on:
//! request line and header fields, then [`Transaction::request_headers_done`] (phase 1); body
//! chunks, then [`Transaction::request_body_done`] (phase 2); status and header fields of the answer,
//! then [`Transaction::response_headers_done`] (phase 3); its body, then
//! [`Transaction::response_body_done`] (phase 4); at last [`Transaction::finish`] (phase 5).

pub(crate) mod audit;
mod connection;
mod effects;
mod evaluate;
mod expand;
mod gated;
mod hashed;
mod host;
mod known;
mod matched;
mod phases;
pub(crate) mod report;
mod request;
mod request_body;
mod resolve;
mod reuse;
mod rows;
mod state;
pub(crate) mod store;
#[cfg(test)]
mod tests;
mod texts;
mod time;
mod values;
mod vars;
mod watch;

pub use connection::Connection;
pub use phases::Transaction;
pub(crate) use reuse::Pool;
