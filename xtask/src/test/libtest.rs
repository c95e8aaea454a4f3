//! `cargo test --workspace`, with its output shown as it comes and its counts summed.

use std::process::Command;

use super::left_out::{self, LeftOut};
use super::tally::Tally;
use crate::tree::Tree;
use crate::{Outcome, environment, process};

/// Runs every unit, integration and doc test of the workspace.
pub(super) fn run(tally: &mut Tally) -> Outcome<()> {
    let reports = left_out::fresh_file()?;
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args(["test", "--workspace", "--no-fail-fast"])
        .env(left_out::VARIABLE, &reports)
        .env("CARGO_TERM_COLOR", "never");
    pass_on_shared_data(&mut command, tally)?;
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    let succeeded = process::stream(&mut command, |line| {
        if let Some(name) = failed_test(line) {
            tally.name_failed_test(name);
        }
        if let Some(counts) = parse(line) {
            passed += counts.passed;
            failed += counts.failed;
            ignored += counts.ignored;
        }
    })?;
    tally.add_tests(passed, failed, ignored);
    for what in left_out::read(&reports)? {
        tally.leave_out(what);
    }
    if !succeeded && failed == 0 {
        return Err("cargo test failed before its tests could".to_owned());
    }
    Ok(())
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
    fn a_failed_test_is_named() {
        assert_eq!(failed_test("test a::b ... FAILED"), Some("a::b"));
        assert_eq!(failed_test("test a::b ... ok"), None);
        assert_eq!(failed_test("test result: FAILED. 1 passed; 1 failed"), None);
    }
}
