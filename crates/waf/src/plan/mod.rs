//! Rules as they are run.

pub(crate) mod bits;
mod build;
pub(crate) mod rule;
pub mod rule_set;

pub(crate) use bits::Bits;
pub use rule_set::{RuleSet, Source};
