//! Settings that no other file of tests is about, each shown to act; and that none is forgotten.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod behind;
#[path = "../common/mod.rs"]
mod common;
mod complete;
mod guards;
mod limit;
mod schema;
mod server;
mod written;
