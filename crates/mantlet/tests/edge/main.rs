//! The edge from the attacker's side: certificates, plain HTTP, load balancers, deadlines, memory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    reason = "tests may fail loudly and measure real time"
)]

mod certificates;
mod clients;
#[path = "../common/mod.rs"]
mod common;
mod deadlines;
mod https;
mod memory;
mod proxied;
mod scanners;
mod slow;
