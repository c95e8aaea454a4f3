//! Runs regression cases in the format of go-ftw without a server or a network: the request a case
//! describes is built byte for byte, read as the test server of the rule set reads it, put through
//! the rules together with the answer of the test back end, and what was logged is compared with
//! what the case expects.

mod case;
mod exchange;
mod inspected;
mod message;
mod request;
mod run;
mod sent;
mod template;

pub use inspected::{Inspected, Request};
pub use run::{CaseResult, Cases, Report, RunError, load_rules, rules_file};
pub use sent::Sent;
