//! `mantlet config show` and `mantlet config reference`.

use mantlet_config::{effective, reference};

use super::{Failure, Outcome};
use crate::cli::{ConfigCommand, ServerFlags};
use crate::config::{Config, Need, read};
use crate::output;

pub(super) fn execute(command: ConfigCommand) -> Result<Outcome, Failure> {
    match command {
        ConfigCommand::Reference => {
            output::say(reference::<Config>().trim_end());
            Ok(Outcome::Fine)
        }
        ConfigCommand::Show { effective: true, flags } => Ok(show_effective(&flags)),
        ConfigCommand::Show { effective: false, flags } => show_file(&flags),
    }
}

fn show_effective(flags: &ServerFlags) -> Outcome {
    let read = read(flags, Need::Nothing);
    let provenance = read.loaded.provenance.clone();
    let Some(ready) = read.ready() else { return Outcome::Unusable };
    output::say(effective(&ready.config, &provenance).trim_end());
    Outcome::Fine
}

fn show_file(flags: &ServerFlags) -> Result<Outcome, Failure> {
    let read = read(flags, Need::Nothing);
    let file = read.file.clone();
    if read.ready().is_none() {
        return Ok(Outcome::Unusable);
    }
    match file {
        Some(file) => output::say(std::fs::read_to_string(file)?.trim_end()),
        None => output::note("there is no configuration file; `--effective` shows the defaults"),
    }
    Ok(Outcome::Fine)
}
