//! Commands for a shell: something that ends the argument the value stands in, and behind it the
//! position of a command. Commands are known by name and by what stands around them; a separator in
//! a sentence, or a script in a document, is not enough.

mod arguments;
mod command;
mod expansions;
mod names;
mod separators;
mod signs;
mod whole;
mod windows;
mod word;

pub(super) use separators::{has_cause, inspect};
