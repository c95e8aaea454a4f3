//! `cargo xtask fuzz`: the tests of the corpora under `corpora/fuzz` for as long as wanted, with any
//! compiler. They change kept inputs at random and know nothing of coverage; `cargo fuzz` in `fuzz/`
//! does, where there is a nightly compiler.

use std::process::Command;

use crate::terminal::say;
use crate::{Outcome, environment, process};

/// The tests that replay corpora: the package, and the name of the test.
const PARSERS: (&str, &str) = ("mantlet-gate", "corpus");
const WAF: (&str, &str) = ("mantlet-waf", "fuzz_corpus");
/// The targets of the second.
const WAF_TARGETS: [&str; 5] = ["body", "detect", "rules", "seclang", "transformation"];

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder of corpora/fuzz; without it all of them, one after the other
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Where the inputs that are made begin; another number, other inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs each target for its time. An input that breaks one is kept beside its seeds.
pub(crate) fn run(arguments: &Arguments) -> Outcome<()> {
    for target in targets(arguments)? {
        say(format!("{target}, {} s", arguments.seconds));
        let is_waf = WAF_TARGETS.contains(&target.as_str());
        let (package, test) = if is_waf { WAF } else { PARSERS };
        let mut command = Command::new(environment::cargo());
        command
            .args(["test", "--quiet", "-p", package, "--test", test, "--", "--nocapture"])
            .current_dir(environment::root())
            .env("MANTLET_FUZZ_TARGET", &target)
            .env("MANTLET_FUZZ_SECONDS", arguments.seconds.to_string())
            .env("MANTLET_FUZZ_SEED", arguments.seed.to_string());
        process::run(&mut command)?;
    }
    Ok(())
}

fn targets(arguments: &Arguments) -> Outcome<Vec<String>> {
    let folder = environment::root().join("corpora/fuzz");
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut all = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        all.push(entry.map_err(failed)?.file_name().to_string_lossy().into_owned());
    }
    all.sort();
    match &arguments.target {
        None => Ok(all),
        Some(one) if all.contains(one) => Ok(vec![one.clone()]),
        Some(one) => Err(format!("`{one}` is no fuzz target: choose one of {}", all.join(", "))),
    }
}
