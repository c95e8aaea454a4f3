//! `mantlet run`: the gate in front of an application.

use super::{Failure, Outcome};
use crate::cli::RunFlags;
use crate::config::{Need, read};
use crate::data::{DataFolder, usual_place};
use crate::service::{self, Program, Start};

pub(super) fn execute(flags: RunFlags) -> Result<Outcome, Failure> {
    let program = Program::of_process()?;
    let RunFlags { take_over: takes_over, server: mut flags } = flags;
    let read = read(&flags, Need::Upstream);
    // The same file for as long as the process lives, also when another one appears elsewhere.
    flags.place.config.clone_from(&read.file);
    let environment = read.environment.clone();
    let Some(ready) = read.ready() else {
        let data = flags.place.data.unwrap_or_else(|| usual_place(&environment));
        let kept = DataFolder::last_configuration(&data);
        if flags.place.config.is_some() && kept.is_file() {
            let kept = kept.display();
            crate::output::note(&format!("  hint: the last file that worked is kept as `{kept}`"));
        }
        return Ok(Outcome::Unusable);
    };
    service::run(Start { flags, program: Some(program), takes_over }, ready, |_| {})?;
    Ok(Outcome::Fine)
}
