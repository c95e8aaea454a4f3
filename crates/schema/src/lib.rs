//! Typed inputs: requests checked against documents that say what they have to be, OpenAPI 3.0 and
//! 3.1 or JSON Schema (draft 2020-12 and draft 7). Nothing of a server, nothing is fetched, and no
//! file is read.
//!
//! A [`Contract`] is compiled once from a document; [`Contract::find`] says which [`Operation`] a
//! request is for, and that judges its head and its body. What is wrong is a [`Refusal`] of
//! [`Fault`]s, which name the place and the rule and never the value.

mod body;
mod bundle;
mod contract;
mod cost;
mod document;
mod entry;
mod fault;
mod group;
mod json;
mod media;
mod multipart;
mod openapi;
mod operation;
mod options;
mod parameter;
mod path;
mod pattern;
mod plain;
mod pointer;
mod problem;
mod refusal;
mod rule;
mod shape;
mod subschema;
#[cfg(test)]
mod tests;
mod typed;
mod unique;

pub use contract::{Captures, Contract, Found};
pub use document::{DOCUMENT_LIMIT, parse};
pub use fault::{Fault, Place};
pub use json::{JsonFault, Limits, read as read_json};
pub use operation::{Head, Operation, TypedHead};
pub use options::{Options, Unknown};
pub use problem::Problem;
pub use refusal::{Refusal, RefusalKind};
pub use typed::Typed;
