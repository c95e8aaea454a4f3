//! The service API, `/v1`: what an application or an operator's program asks over HTTP. The same
//! acts as those of the command line, done at the same [`crate::desk`].
//!
//! One table (`table`) says what there is. Requests are routed by it, the document that is served
//! as `/v1/openapi.json` is made of it (`document`), and what is sent is checked against that
//! document before a handler sees it: what is described and what is done cannot differ.
//!
//! To add an operation: its line in `table`, its schemas in `schemas`, and its handler in the
//! file of its part under `operations`.

mod call;
mod config;
mod credential;
mod cursor;
mod document;
mod idempotency;
mod limits;
mod operation;
mod operations;
mod problem;
mod reply;
mod schemas;
mod services;
mod table;
#[cfg(test)]
mod tests;
mod way;

pub use config::ApiSection;
pub use services::{ApiMemory, ApiServices, Directories, PathRules};
pub(crate) use way::{Api, Told, is_ours};
