//! Operators: what a rule asks of a value. One file each, or one for a family; arguments are
//! compiled when the rules are loaded.

pub(crate) mod byte_range;
pub(crate) mod capture;
mod counting;
pub(crate) mod digits;
#[cfg(test)]
mod injection_tests;
pub(crate) mod ip_match;
pub(crate) mod list;
pub(crate) mod number;
pub(crate) mod pcre;
pub(crate) mod pm;
pub(crate) mod rx;
mod sqli;
#[cfg(test)]
mod tests;
pub(crate) mod text;
mod utf8;

pub(crate) use capture::{Captured, Captures};
pub(crate) use list::Operator;
