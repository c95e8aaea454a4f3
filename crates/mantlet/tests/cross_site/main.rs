//! Pages of other sites: what they can make a browser do, and what they may read.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

#[path = "../common/mod.rs"]
mod common;

mod browser;
mod programs;
mod settings;
mod wire;
