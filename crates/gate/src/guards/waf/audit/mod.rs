//! The audit log that rule files ask for (`SecAuditLog`): one line of JSON for each transaction, with
//! the keys that ModSecurity 3 writes.
//!
//! | file | holds |
//! |---|---|
//! | `log.rs` | the files that are open, each once, and the queue before each |
//! | `line.rs` | from a record to its line |
//! | `hidden.rs` | what is taken out of a record |

mod hidden;
mod line;
mod log;
#[cfg(test)]
mod tests;

pub(crate) use log::AuditLog;
pub use log::{AuditLogOptions, AuditLogs};
