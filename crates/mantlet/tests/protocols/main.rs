//! HTTP/2 and TLS, with a foreign client and with one that breaks the rules.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "tests may fail loudly and measure real time"
)]

#[path = "../common/mod.rs"]
mod common;
mod foreign;
mod frames;
mod hostile;
mod memory;
mod streams;
