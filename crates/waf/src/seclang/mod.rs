//! The rule language as text: files, lines, words, directives, and what is wrong with them.

pub(crate) mod audit;
pub(crate) mod draft;
pub(crate) mod files;
mod lines;
pub(crate) mod lint;
pub(crate) mod loader;
pub(crate) mod problem;
pub(crate) mod selection;
pub(crate) mod settings;
pub(crate) mod syntax;
mod words;
