//! `mantlet completions` and `mantlet man`: the command line, for shells and for readers.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::{Failure, Outcome};
use crate::cli::Arguments;
use crate::output;

pub(super) fn completions(shell: Shell) -> Outcome {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "mantlet", &mut script);
    // A reader that has gone is no error.
    let _ = std::io::stdout().lock().write_all(&script);
    Outcome::Fine
}

/// One page for the command and each of its subcommands, section 1.
pub(super) fn man(folder: &Path) -> Result<Outcome, Failure> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Arguments::command(), folder)?;
    output::say(&format!("wrote the pages to `{}`", folder.display()));
    Ok(Outcome::Fine)
}
