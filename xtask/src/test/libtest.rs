//! `cargo test --workspace`, with its output shown as it comes and its counts summed.

use std::path::Path;
use std::process::Command;

use super::left_out::{self, LeftOut};
use super::tally::Tally;
use crate::terminal::say;
use crate::tree::Tree;
use crate::{Outcome, environment, process};

/// Most tests that may fail once and pass when they run again. A machine that stands still for a
/// second makes one of two thousand late now and then; more of them than this are a failure.
const MOST_UNSTEADY: usize = 3;

/// What one run of test programs came to.
#[derive(Debug, Default)]
struct Ran {
    passed: u64,
    failed: u64,
    ignored: u64,
    failed_names: Vec<String>,
    has_succeeded: bool,
}

/// Runs every unit, integration and doc test of the workspace; the few that fail run once more, and
/// the report names those that pass then.
pub(super) fn run(tally: &mut Tally) -> Outcome<()> {
    let reports = left_out::fresh_file()?;
    let mut command = tests(&reports);
    pass_on_shared_data(&mut command, tally)?;
    let first = ran(&mut command)?;
    for what in left_out::read(&reports)? {
        tally.leave_out(what);
    }
    if !first.has_succeeded && first.failed == 0 {
        return Err("cargo test failed before its tests could".to_owned());
    }
    let lasting = match first.failed_names.len() {
        0 => Vec::new(),
        count if count > MOST_UNSTEADY => first.failed_names.clone(),
        _ => {
            say("=== tests that failed, again");
            command.arg("--").arg("--exact").args(&first.failed_names);
            lasting(&first, &ran(&mut command)?)
        }
    };
    let steady = first.failed.saturating_sub(u64::try_from(lasting.len()).unwrap_or(u64::MAX));
    tally.add_tests(first.passed + steady, first.failed - steady, first.ignored);
    for name in first.failed_names {
        match lasting.contains(&name) {
            true => tally.name_failed_test(&name),
            false => tally.name_unsteady_test(&name),
        }
    }
    Ok(())
}

fn tests(reports: &Path) -> Command {
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(left_out::VARIABLE, reports)
        .env("CARGO_TERM_COLOR", "never");
    command
}

fn ran(command: &mut Command) -> Outcome<Ran> {
    let mut ran = Ran::default();
    ran.has_succeeded = process::stream(command, |line| {
        ran.failed_names.extend(failed_test(line).map(str::to_owned));
        if let Some(counts) = parse(line) {
            ran.passed += counts.passed;
            ran.failed += counts.failed;
            ran.ignored += counts.ignored;
        }
    })?;
    Ok(ran)
}

/// The failed tests that failed again, or did not run again.
fn lasting(first: &Ran, again: &Ran) -> Vec<String> {
    let has_run = again.passed + again.failed >= first.failed;
    let is_explained = again.has_succeeded || again.failed > 0;
    let fails = |name: &&String| !has_run || !is_explained || again.failed_names.contains(name);
    first.failed_names.iter().filter(fails).cloned().collect()
}

fn pass_on_shared_data(command: &mut Command, tally: &mut Tally) -> Outcome<()> {
    if let Some(folder) = environment::shared_data() {
        command.env("MANTLET_SHARED", folder);
        return Ok(());
    }
    for (path, _) in
        Tree::load()?.under("crates", "rs").filter(|(_, text)| text.contains("MANTLET_SHARED"))
    {
        let reason = "the shared test data is absent";
        let remedy = "set MANTLET_SHARED to its folder, or lay it beside the repository as shared";
        tally.leave_out(LeftOut::new(path, reason, Some(remedy)));
    }
    Ok(())
}

/// The name in a line such as `test modes::off_is_not_asked ... FAILED`.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

#[derive(Debug, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Reads a line such as `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`.
fn parse(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| {
        let mut parts = counts.split(';').filter_map(|part| part.trim().split_once(' '));
        let (number, _) = parts.find(|(_, what)| *what == word)?;
        number.parse().ok()
    };
    Some(Counts { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_line_is_read_and_other_lines_are_not() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 5 filtered out; finished in 0.02s";
        let expected = Counts { passed: 12, failed: 3, ignored: 1 };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("test tests::ok ... ok"), None);
        assert_eq!(parse("running 3 tests"), None);
    }

    #[test]
    fn a_test_that_fails_again_or_does_not_run_again_has_failed() {
        let ran = |passed: u64, names: &[&str]| Ran {
            passed,
            failed: u64::try_from(names.len()).unwrap(),
            failed_names: names.iter().map(|name| (*name).to_owned()).collect(),
            has_succeeded: names.is_empty(),
            ignored: 0,
        };
        let first = ran(100, &["a::b", "c"]);
        assert_eq!(lasting(&first, &ran(2, &[])), [] as [&str; 0]);
        assert_eq!(lasting(&first, &ran(1, &["c"])), ["c"]);
        assert_eq!(lasting(&first, &ran(1, &[])), ["a::b", "c"], "one of them did not run");
        let broken = Ran { has_succeeded: false, ..ran(2, &[]) };
        assert_eq!(lasting(&first, &broken), ["a::b", "c"], "something else failed");
    }

    #[test]
    fn a_failed_test_is_named() {
        assert_eq!(failed_test("test a::b ... FAILED"), Some("a::b"));
        assert_eq!(failed_test("test a::b ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed; 1 failed"), None);
    }
}
