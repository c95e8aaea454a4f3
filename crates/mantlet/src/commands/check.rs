//! `mantlet check`: every problem of the configuration, with the code that the server uses.

use super::{Failure, Outcome};
use crate::cli::ServerFlags;
use crate::config::{Need, read};
use crate::output;

pub(super) fn execute(flags: &ServerFlags) -> Result<Outcome, Failure> {
    let read = read(flags, Need::Upstream);
    let warnings = read.loaded.problems.warnings();
    let what = match &read.file {
        Some(file) => format!("`{}`", file.display()),
        None => "the configuration (no file, defaults and flags only)".into(),
    };
    if read.ready().is_none() {
        return Ok(Outcome::Unusable);
    }
    if warnings > 0 {
        output::say(&format!("{what} can be used, with {warnings} warning(s)"));
        return Ok(Outcome::Findings);
    }
    output::say(&format!("{what} is fine"));
    Ok(Outcome::Fine)
}
