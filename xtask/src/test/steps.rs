//! The steps that are one command each.

use std::process::Command;

use super::left_out::LeftOut;
use super::tally::Tally;
use crate::{Outcome, codegen, environment, process, tidy};

/// Every file is formatted.
pub(super) fn format(tally: &mut Tally) -> Outcome<()> {
    cargo(tally, &["fmt", "--all", "--", "--check"])
}

/// The linter has nothing to say, about tests and examples either.
pub(super) fn clippy(tally: &mut Tally) -> Outcome<()> {
    let arguments = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    cargo(tally, &arguments)
}

/// The house rules hold.
pub(super) fn tidy(tally: &mut Tally) -> Outcome<()> {
    tidy::run()?;
    tally.pass();
    Ok(())
}

/// Generated files are what their generators would write.
pub(super) fn generated_files(tally: &mut Tally) -> Outcome<()> {
    codegen::check()?;
    tally.pass();
    Ok(())
}

/// The API documentation builds without a warning.
pub(super) fn docs(tally: &mut Tally) -> Outcome<()> {
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args(["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings");
    process::run(&mut command)?;
    tally.pass();
    Ok(())
}

/// Licences, bans and sources of every dependency. Advisories need a database from the network:
/// they are a job of their own.
pub(super) fn cargo_deny(tally: &mut Tally) -> Outcome<()> {
    if environment::find_program("cargo-deny").is_none() {
        tally.leave_out(LeftOut::new(
            "licences and sources",
            "cargo-deny is not installed; an absent check is never a pass",
            Some("run: cargo install --locked cargo-deny"),
        ));
        return Ok(());
    }
    cargo(tally, &["deny", "check", "bans", "licenses", "sources"])
}

/// What only a build with Cedar has: minutes of building, so it is no part of every run.
pub(super) fn cedar(tally: &mut Tally) -> Outcome<()> {
    let features = ["--features", "mantlet/cedar,mantlet-policy/cedar"];
    let clippy = ["clippy", "--quiet", "-p", "mantlet-policy", "-p", "mantlet", "--all-targets"];
    cargo(tally, &[&clippy[..], &features, &["--", "-D", "warnings"]].concat())?;
    cargo(tally, &[&["test", "-p", "mantlet-policy"][..], &["--features", "cedar"]].concat())?;
    let tests = ["test", "-p", "mantlet", "--test", "login", "--test", "docs"];
    let only = ["--", "policies", "every_example_of_settings"];
    cargo(tally, &[&tests[..], &["--features", "cedar"], &only].concat())
}

/// The benchmark's harness runs to its end. Its numbers are too short to be kept.
pub(super) fn short_bench(tally: &mut Tally) -> Outcome<()> {
    let arguments = ["xtask", "bench", "gate", "--seconds", "1", "--pairs", "1", "--dry"];
    cargo(tally, &arguments)
}

fn cargo(tally: &mut Tally, arguments: &[&str]) -> Outcome<()> {
    let mut command = Command::new(environment::cargo());
    process::run(command.current_dir(environment::root()).args(arguments))?;
    tally.pass();
    Ok(())
}
