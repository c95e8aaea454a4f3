//! The `mantlet` command: one file a subcommand, and the composition of everything.
//!
//! Exit codes: 0 fine, 1 findings or failed checks, 2 unusable input or configuration.

mod cli;
mod commands;
mod config;
mod data;
mod demo;
mod directory;
mod log;
mod output;
mod recording;
mod reports;
mod service;

use std::process::ExitCode;

use clap::Parser as _;
use mimalloc::MiMalloc;

/// Requests are many small pieces of memory, each given back by the thread that took it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = match cli::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for, everything else is unusable input.
            let code = if error.use_stderr() { 2 } else { 0 };
            // A closed standard output is no reason to fail.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match commands::execute(arguments.command) {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            output::problem(&failure.to_string());
            ExitCode::from(2)
        }
    }
}
