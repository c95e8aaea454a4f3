//! `cargo xtask waf-differential`: every regression case of the Core Rule Set and a mutation of each,
//! through our engine and through libmodsecurity, with the differences that have no reason yet.

use std::process::Command;

use crate::{Outcome, environment, process};

/// Runs the differential suite over all cases.
pub(crate) fn run() -> Outcome<()> {
    let mut command = Command::new(environment::cargo());
    command
        .current_dir(environment::root())
        .args([
            "test",
            "--quiet",
            "-p",
            "mantlet-waf",
            "--test",
            "differential",
            "--",
            "--nocapture",
        ])
        .env("MANTLET_WAF_DIFFERENTIAL", "1");
    process::run(&mut command)
}
