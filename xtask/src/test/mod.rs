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

const LONG_STEPS: &[Step] =
    &[("fuzzing", fuzz::run_each), ("benchmark, short", steps::short_bench)];

/// Runs every step, prints what was left out and the tally; fails when anything failed.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let clock = SystemClock::new();
    let mut tally = Tally::default();
    install_what_suites_need(arguments.full, &mut tally);
    let long: &[Step] = if arguments.full { LONG_STEPS } else { &[] };
    for (name, step) in STEPS.iter().chain(long) {
        let start = clock.monotonic();
        say(format!("=== {name}"));
        let before = tally.failed();
        if let Err(message) = step(&mut tally) {
            tally.fail(name, &message);
        }
        let verdict = if tally.failed() > before { "FAILED" } else { "done" };
        let seconds = clock.monotonic().since(start).as_secs_f64();
        let total = clock.monotonic().since_origin().as_secs();
        say(format!("=== {name}: {verdict} in {seconds:.1} s (total {total} s)"));
    }
    tally.report();
    say(tally.summary());
    if tally.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
