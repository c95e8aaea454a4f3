//! `cargo xtask waf-accuracy`: how many attacks the native detectors catch and how much honest
//! traffic they block, with the misses.

use std::process::Command;

use crate::{Outcome, environment, process};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Show the half of the cases that the detectors are tuned on, instead of the other
    #[arg(long, conflicts_with = "write")]
    tuning_half: bool,
    /// List the misses of the groups whose names hold TEXT, of what may be read (`""` for all)
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["write", "tuning_half"])]
    misses: Option<String>,
    /// Fetch the published lists into target/waf-corpora first; what is there is not fetched again
    #[arg(long)]
    fetch: bool,
    /// Write the table of both halves to docs/benchmarks/waf-accuracy.md
    #[arg(long)]
    write: bool,
}

/// Runs the accuracy suite over all cases and prints its report.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    if arguments.fetch {
        fetch()?;
    }
    let wanted = match (&arguments.misses, arguments.write, arguments.tuning_half) {
        (Some(text), ..) => format!("misses {text}"),
        (None, true, _) => "write".to_owned(),
        (None, false, true) => "tune".to_owned(),
        (None, false, false) => "report".to_owned(),
    };
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args(["test", "--quiet", "-p", "mantlet-waf", "--test", "accuracy", "--", "--nocapture"])
        .env("MANTLET_WAF_ACCURACY", wanted);
    process::run(&mut command)
}

/// Other people's lists of attacks and of honest text; a list that cannot be had is named.
fn fetch() -> Outcome<()> {
    let mut command = Command::new("python3");
    command.current_dir(environment::root()).args(["corpora/waf/sources.py", "target/waf-corpora"]);
    process::run(&mut command)
}
