//! Rules as they are run.

pub(crate) mod bits;
mod build;
mod exclusion;
pub(crate) mod gate;
pub(crate) mod gates;
pub(crate) mod memo;
mod probe;
mod required;
pub(crate) mod rule;
pub(crate) mod rule_set;

pub(crate) use bits::Bits;
pub use exclusion::Exclusion;
pub use rule_set::{RuleSet, Source};
