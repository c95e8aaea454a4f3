//! The rule language as text: files, lines, words, directives, and what is wrong with them.

pub(crate) mod draft;
pub mod files;
mod lines;
pub(crate) mod loader;
pub mod problem;
pub(crate) mod selection;
pub mod settings;
pub(crate) mod syntax;
mod words;
