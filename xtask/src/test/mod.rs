//! `cargo xtask test`: every check and every suite this machine can run, one after the other.
//! The last line is `N passed, N failed, N skipped`.

mod fuzz;
mod left_out;
mod libtest;
mod steps;
mod tally;

use std::process::ExitCode;

use mantlet_types::{Clock, SystemClock};

use crate::terminal::say;
use crate::{Outcome, deps};
use left_out::LeftOut;
use tally::Tally;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Add the long runs: every fuzz target for 30 seconds, a short benchmark
    #[arg(long)]
    full: bool,
}

/// One step: its name and what it does to the tally. An error counts as one failure.
type Step = (&'static str, fn(&mut Tally) -> Outcome<()>);

/// Cheap checks first, so that a slip shows in seconds.
const STEPS: &[Step] = &[
    ("format", steps::format),
    ("tidy", steps::tidy),
    ("generated files", steps::generated_files),
    ("clippy", steps::clippy),
    ("tests", libtest::run),
    ("docs", steps::docs),
    ("licences and sources", steps::cargo_deny),
    ("fuzz targets", fuzz::build),
];

const LONG_STEPS: &[Step] = &[
    ("policies in Cedar", steps::cedar),
    ("fuzzing", fuzz::run_each),
    ("benchmark, short", steps::short_bench),
];

/// Runs every step, prints what was left out and the tally; fails when anything failed.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let clock = SystemClock::new();
    let mut tally = Tally::default();
    install_what_suites_need(arguments.full, &mut tally);
    let long: &[Step] = if arguments.full { LONG_STEPS } else { &[] };
    for (name, step) in STEPS.iter().chain(long) {
        let start = clock.monotonic();
        say(format!("=== {name}"));
        let before = (tally.passed(), tally.failed(), tally.left_out());
        if let Err(message) = step(&mut tally) {
            tally.fail(name, &message);
        }
        let verdict = verdict(before, (tally.passed(), tally.failed(), tally.left_out()));
        let seconds = clock.monotonic().since(start).as_secs_f64();
        let total = clock.monotonic().since_origin().as_secs();
        say(format!("=== {name}: {verdict} in {seconds:.1} s (total {total} s)"));
    }
    tally.report();
    say(tally.summary());
    if tally.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How a step ended, from the passed, failed and left out before and after it. A step that did
/// nothing but leave something out is never "done".
fn verdict(before: (u64, u64, usize), after: (u64, u64, usize)) -> &'static str {
    if after.1 > before.1 {
        return "FAILED";
    }
    if after.0 == before.0 && after.2 > before.2 { "left out" } else { "done" }
}

fn install_what_suites_need(full: bool, tally: &mut Tally) {
    for gap in deps::install(&deps::for_tests(full)) {
        tally.leave_out(LeftOut::new(
            gap.suite,
            &format!("lacks {}", gap.what),
            Some(&gap.command),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;

    #[test]
    fn a_step_is_done_only_when_something_passed() {
        assert_eq!(verdict((1, 0, 0), (2, 0, 1)), "done");
        assert_eq!(verdict((1, 0, 0), (1, 0, 1)), "left out");
        assert_eq!(verdict((1, 1, 0), (9, 2, 1)), "FAILED");
    }
}
