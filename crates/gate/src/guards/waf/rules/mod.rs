//! Rules in SecLang over a request and its answer.
//!
//! | file | holds |
//! |---|---|
//! | `layout.rs` | which files a folder means, in which order |
//! | `load.rs` | files to a rule set, once for all routes that name them |
//! | `setting.rs` | the setting `rules`, with what was loaded from it |
//! | `route.rs` | a rule set as one route wants it |
//! | `watch.rs` | one transaction: its phases, and what came of each |
//! | `report.rs` | from what matched to a refusal |

mod layout;
mod load;
mod report;
mod route;
mod setting;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use load::{Loaded, RuleSets};
pub(super) use route::RouteRules;
pub use setting::RuleFiles;
pub(super) use watch::{Next, Terms, Watch};
