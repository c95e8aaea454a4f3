//! The variables of the rule language: their names, lists of them with selectors, and texts that
//! take their values.

pub(crate) mod name;
pub(crate) mod slots;
pub(crate) mod target;
pub(crate) mod template;

pub(crate) use name::Variable;
pub(crate) use slots::Slots;
pub(crate) use target::{Selector, Target, Targets};
pub(crate) use template::{Piece, Template};
