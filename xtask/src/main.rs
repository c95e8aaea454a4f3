//! Mantlet's own chores, so that a fresh machine needs nothing but a Rust toolchain:
//! `cargo xtask test`, `fuzz`, `deps`, `codegen`, `tidy`, `bench`, `waf-accuracy` and
//! `waf-differential`. One file or folder per subcommand.

mod bench;
mod codegen;
mod deps;
mod environment;
mod fuzz;
mod process;
mod terminal;
mod test;
mod tidy;
mod tree;
mod waf_accuracy;
mod waf_differential;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What a chore ends with; the error is a sentence for the person at the terminal.
pub(crate) type Outcome<T> = Result<T, String>;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Mantlet's own chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Run every check and every suite this machine can run
    Test(test::Arguments),
    /// Look for inputs that break a parser or slow it down
    Fuzz(fuzz::Arguments),
    /// Show or install the Debian and PyPI packages the suites use
    Deps(deps::Arguments),
    /// Write the generated files, or check that they are current
    Codegen(codegen::Arguments),
    /// Check the house rules: sizes, layers, boundaries, words, links, guards
    Tidy,
    /// Measure Mantlet against its peers on this machine
    Bench(bench::Arguments),
    /// Show what the native detectors catch and what honest traffic they block
    WafAccuracy(waf_accuracy::Arguments),
    /// Compare the WAF engine with libmodsecurity, rule by rule
    WafDifferential,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        // Its last line is its own, also when something failed.
        Chore::Test(arguments) => return test::run(&arguments),
        Chore::Fuzz(arguments) => fuzz::run(&arguments),
        Chore::Deps(arguments) => deps::run(&arguments),
        Chore::Codegen(arguments) => codegen::run(&arguments),
        Chore::Tidy => tidy::run(),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::WafAccuracy(arguments) => waf_accuracy::run(&arguments),
        Chore::WafDifferential => waf_differential::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            terminal::complain(format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}
