//! Refuses attacks: what would be code where the application expects a value.
//!
//! **Protects against** SQL, script, shell, template and other injections, paths out of their folder,
//! addresses that only the server can reach, objects that run code when they are read, and HTTP used
//! as no honest client does.
//!
//! **Looks at** the path, the query, cookies and header fields of every request; at bodies in each
//! reading that an application could make of them (forms, forms of several parts, JSON, GraphQL, XML,
//! text), unpacked when they come compressed; at the text messages of WebSockets. Uploads (`upload =
//! true`) stream by; of files in forms the names are looked at. gRPC is not. With `rules`, rules in
//! SecLang (the OWASP Core Rule Set) look at requests and answers in the detectors' place, or beside
//! them.
//!
//! **Verdicts**: refused with `waf-attack` (403; a WebSocket is closed with 1008) when a detector is
//! as sure as `threshold` asks; with `waf-body` (400) or `waf-coding` (415) when a body could be read
//! in two ways or not at all, with `waf-decoded-size` (413) when it unpacks to too much, with
//! `waf-budget` (403) when looking at it would cost too much; with `waf-rule` or, for answers,
//! `waf-answer` (403, or the status that the rule names) when rules refuse. The event names the class
//! or the rules, the part of the request, the parameter, the bytes and how they were encoded.
//!
//! **Settings**: `mode`, `fail`, `rules`, `native`, `paranoia`, `threshold`, `unreadable`,
//! `decoded_limit`, `files`, `over_budget`, `work_limit`, `memory_limit`, `exceptions`.
//!
//! **Example**
//! ```toml
//! [[routes]]
//! path = "/wiki/*"
//!
//! [[routes.guards.waf.exceptions]]
//! class = "xss"
//! parameter = "body"
//! ```

mod audit;
mod collections;
mod config;
mod denial;
mod exceptions;
mod guard;
mod known;
mod looker;
mod narrowest;
mod native;
mod rules;
#[cfg(test)]
mod tests;

pub use audit::{AuditLogOptions, AuditLogs};
pub use collections::Collections;
pub use config::{Doubt, WafSection};
pub use exceptions::{ClassName, ExceptionSection, ParameterName, PartName, RuleNumbers};
pub(super) use guard::build;
pub use rules::RuleFiles;
pub(crate) use rules::RuleSets;

use super::Services;
