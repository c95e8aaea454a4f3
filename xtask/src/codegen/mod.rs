//! `cargo xtask codegen`: writes the files that are generated from the rest of the tree, or
//! checks that they are current.

mod coverage;
mod events;
mod guards;
mod settings;

use std::fs;

use crate::terminal::say;
use crate::tree::Tree;
use crate::{Outcome, environment};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail when a generated file is not what would be written
    #[arg(long)]
    check: bool,
}

/// One generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Generated {
    /// Where it lies, relative to the root.
    path: String,
    /// Its whole text.
    text: String,
}

/// From the tree to some generated files.
type Generator = fn(&Tree) -> Outcome<Vec<Generated>>;

/// Every generator. To add one, write it in a module of its own and name it here.
const GENERATORS: &[Generator] =
    &[coverage::generate, guards::generate, events::generate, settings::generate];

/// Checks that every generated file is current.
pub(crate) fn check() -> Outcome<()> {
    run(&Arguments { check: true })
}

/// Writes or checks every generated file.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    let tree = Tree::load()?;
    let mut stale = Vec::new();
    for generate in GENERATORS {
        for Generated { path, text } in generate(&tree)? {
            if tree.text(&path) == Some(text.as_str()) {
                continue;
            }
            if !arguments.check {
                write(&path, &text)?;
                say(format!("{path} written"));
            }
            stale.push(path);
        }
    }
    if stale.is_empty() || !arguments.check {
        return Ok(());
    }
    Err(format!(
        "{} not current: run `cargo xtask codegen` and commit the result",
        stale.join(", ")
    ))
}

fn write(path: &str, text: &str) -> Outcome<()> {
    let place = environment::root().join(path);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::write(&place, text).map_err(|error| format!("{path}: {error}"))
}
