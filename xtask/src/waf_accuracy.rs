//! `cargo xtask waf-accuracy`: how many attacks the native detectors catch and how much honest
//! traffic they block, with the misses.

use std::process::Command;

use crate::{Outcome, environment, process};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Show the half of the cases that the detectors are tuned on, instead of the other
    #[arg(long)]
    tuning_half: bool,
}

/// Runs the accuracy suite over all cases and prints its report.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    let half = if arguments.tuning_half { "tune" } else { "report" };
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args(["test", "--quiet", "-p", "mantlet-waf", "--test", "accuracy", "--", "--nocapture"])
        .env("MANTLET_WAF_ACCURACY", half);
    process::run(&mut command)
}
