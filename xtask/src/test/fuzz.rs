//! The fuzz targets: built where a nightly compiler is present, run with `--full`. Their corpus
//! replays as ordinary tests everywhere.

use std::process::Command;

use super::left_out::LeftOut;
use super::tally::Tally;
use crate::{Outcome, environment, process};

const SECONDS_EACH: &str = "-max_total_time=30";

/// Builds the targets with cargo-fuzz, or only checks them where cargo-fuzz is absent.
pub(super) fn build(tally: &mut Tally) -> Outcome<()> {
    if !has_nightly() {
        tally.leave_out(LeftOut::new(
            "fuzz targets",
            "no nightly compiler",
            Some("run: rustup toolchain install nightly"),
        ));
        return Ok(());
    }
    let arguments: &[&str] =
        if has_cargo_fuzz() { &["fuzz", "build", "--dev"] } else { &["check", "--quiet"] };
    process::run(cargo_nightly().args(arguments))?;
    tally.pass();
    Ok(())
}

/// Runs every target for half a minute, beginning with the committed corpus.
pub(super) fn run_each(tally: &mut Tally) -> Outcome<()> {
    if !has_nightly() || !has_cargo_fuzz() {
        tally.leave_out(LeftOut::new(
            "fuzzing",
            "needs a nightly compiler and cargo-fuzz",
            Some("run: rustup toolchain install nightly && cargo install --locked cargo-fuzz"),
        ));
        return Ok(());
    }
    let list = process::output_of(cargo_nightly().args(["fuzz", "list"]))?;
    for target in list.lines().filter(|line| !line.is_empty()) {
        let found = format!("corpus/{target}");
        std::fs::create_dir_all(environment::root().join("fuzz").join(&found))
            .map_err(|error| format!("{found}: {error}"))?;
        let seeds = format!("../corpora/fuzz/{target}");
        let arguments = ["fuzz", "run", target, &found, &seeds, "--", SECONDS_EACH];
        match process::run(cargo_nightly().args(arguments)) {
            Ok(()) => tally.pass(),
            Err(message) => tally.fail(&format!("fuzz target {target}"), &message),
        }
    }
    Ok(())
}

fn has_nightly() -> bool {
    process::succeeds(cargo_nightly().arg("--version"))
}

fn has_cargo_fuzz() -> bool {
    process::succeeds(cargo_nightly().args(["fuzz", "--version"]))
}

/// The nightly cargo in the fuzz workspace. `CARGO` and `RUSTUP_TOOLCHAIN` of the cargo that runs
/// this chore would win over `+nightly`, so they go.
fn cargo_nightly() -> Command {
    let mut command = Command::new("cargo");
    command
        .arg("+nightly")
        .current_dir(environment::root().join("fuzz"))
        .env_remove("CARGO")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}
