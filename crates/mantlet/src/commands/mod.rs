//! One file a subcommand.

mod access;
mod block;
mod check;
mod config;
mod csp;
mod demo;
mod desk;
mod explain;
mod init;
mod pages;
mod recording;
mod reload;
mod run;
mod status;
mod store;
mod waf;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use mantlet_admin::control::{self, Client};
use serde_json::Value as Json;

use crate::cli::{Command, PlaceFlags, ServerFlags};
use crate::config::{Need, read};

/// How a command ended when its input was usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Fine.
    Fine,
    /// It found something, or a check failed.
    Findings,
    /// The configuration cannot be used; its problems have been printed.
    Unusable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Fine => 0,
            Outcome::Findings => 1,
            Outcome::Unusable => 2,
        })
    }
}

/// What ends a command whose input or surroundings are unusable.
pub(crate) type Failure = Box<dyn Error>;

/// Carries out a command.
pub(crate) fn execute(command: Command) -> Result<Outcome, Failure> {
    match command {
        Command::Run(flags) => run::execute(flags),
        Command::Demo(flags) => demo::execute(flags),
        Command::Check(flags) => check::execute(&flags),
        Command::Init { upstream, from_env, place } => {
            init::execute(upstream.as_deref(), from_env.as_deref(), &place)
        }
        Command::Explain { id, json, path, apply, force, waf_rules, place } => {
            let asked = explain::Asked { as_json: json, path, apply, force };
            let flags = ServerFlags { waf_rules, place, ..ServerFlags::default() };
            explain::execute(&id, &asked, flags)
        }
        Command::Recording(command) => recording::execute(command),
        Command::Config(command) => config::execute(command),
        Command::Csp(command) => csp::execute(command),
        Command::Block(command) => block::execute(command),
        Command::User(command) => desk::user(command),
        Command::Role(command) => desk::role(command),
        Command::Key(command) => desk::key(command),
        Command::Session(command) => desk::session(command),
        Command::Token(command) => desk::token(command),
        Command::Access(command) => access::execute(command),
        Command::Completions { shell } => Ok(pages::completions(shell)),
        Command::Man { folder } => pages::man(&folder),
        Command::Reload { place } => reload::reload(place),
        Command::Upgrade { place } => reload::upgrade(place),
        Command::Waf(command) => waf::execute(command),
        Command::Store(command) => store::execute(&command),
        Command::Status { json, place } => status::execute(json, place),
    }
}

/// The data folder that these flags and the configuration name. `None` when the configuration
/// cannot be used; its problems have been printed.
fn data_folder(place: PlaceFlags) -> Option<PathBuf> {
    // Whoever names it needs no configuration, and least of all one without mistakes.
    if let Some(data) = place.data {
        return Some(data);
    }
    let flags = ServerFlags { place, ..ServerFlags::default() };
    let ready = read(&flags, Need::Nothing).ready()?;
    let usual = || crate::data::usual_place(&ready.environment);
    Some(ready.config.data.clone().unwrap_or_else(usual))
}

/// Asks the running server; `None` when the configuration cannot be used.
fn ask(place: PlaceFlags, command: &control::Command) -> Result<Option<Json>, Failure> {
    let Some(data) = data_folder(place) else { return Ok(None) };
    let Some(mut client) = Client::connect(&data)? else {
        let hint = "start it with `mantlet run`, or name its data folder with --data";
        return Err(format!("no server runs on `{}`\n  hint: {hint}", data.display()).into());
    };
    Ok(Some(client.request(command)?))
}
