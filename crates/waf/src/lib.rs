//! A web application firewall as a library: rules in SecLang (the OWASP Core Rule Set and what its
//! users write) and native detectors that need no rules. No async, nothing of a server; files are
//! read when rules are loaded and never afterwards.
//!
//! Load rules with [`RuleSet::load`], then put each request through a [`Transaction`].

mod actions;
mod body;
pub mod detect;
pub mod ftw;
pub mod fuzzing;
pub mod native;
mod operators;
#[cfg(test)]
mod pace;
mod plan;
#[cfg(test)]
mod reference;
mod seclang;
mod transaction;
mod transformations;
mod variables;

pub use actions::severity::name as severity_name;
pub use plan::{Exclusion, RuleSet, Source};
pub use seclang::audit::{AuditMode, AuditParts, AuditSettings};
pub use seclang::files::{DiskFiles, Files};
pub use seclang::lint::{Lint, LintFinding};
pub use seclang::problem::{Place, Problem};
pub use seclang::settings::{EngineMode, OverLimit, Settings};
pub use transaction::audit::{AuditBody, AuditFile, AuditRecord, Sanitised};
pub use transaction::report::{
    Budget, Interruption, InterruptionAction, Limits, MatchedRule, Outcome, RuleMatch,
};
pub use transaction::store::{
    CollectionKey, CollectionStore, MemoryCollections, StoredChange, StoredValues,
};
pub use transaction::{Connection, Transaction};
