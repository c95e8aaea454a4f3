//! Rules as they are run.

pub(crate) mod bits;
mod build;
pub(crate) mod gate;
pub(crate) mod gates;
pub(crate) mod rule;
pub mod rule_set;
mod required;

pub(crate) use bits::Bits;
pub use rule_set::{RuleSet, Source};
