//! PyPI packages in `target/venv`. A stamp beside the packages holds the requirements that were
//! installed, so an unchanged file costs one comparison and no network.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::Need;
use crate::terminal::say;
use crate::{Outcome, environment, process};

/// The Python of the environment; `None` while it does not exist.
fn python() -> Option<PathBuf> {
    Some(folder().join("bin/python")).filter(|python| python.is_file())
}

fn folder() -> PathBuf {
    environment::root().join("target/venv")
}

fn stamp(suite: &str) -> PathBuf {
    folder().join(format!("{suite}.requirements"))
}

/// The requirements file of `need` that is not installed in its present form. `None` when all
/// is there, when there is no Python part, and when the file does not exist.
pub(super) fn lack(need: &Need) -> Option<&'static str> {
    let requirements = need.requirements?;
    let wanted = fs::read_to_string(environment::root().join(requirements)).ok()?;
    let is_current = fs::read_to_string(stamp(need.suite)).is_ok_and(|have| have == wanted);
    (!is_current || python().is_none()).then_some(requirements)
}

/// Makes the environment and installs the requirements of `need` where they are lacking.
pub(super) fn install(need: &Need) -> Outcome<()> {
    let Some(requirements) = lack(need) else {
        return Ok(());
    };
    let source = environment::root().join(requirements);
    say(format!("installing the packages of {requirements} into target/venv"));
    if python().is_none() {
        let mut command = Command::new("python3");
        process::run(command.args(["-m", "venv"]).arg(folder()))?;
    }
    let python = python().ok_or("python3 -m venv made no environment")?;
    let mut pip = Command::new(python);
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    pip.args(["--disable-pip-version-check", "--requirement"]).arg(&source);
    process::run(&mut pip)?;
    fs::copy(&source, stamp(need.suite)).map_err(|error| format!("{requirements}: {error}"))?;
    Ok(())
}
