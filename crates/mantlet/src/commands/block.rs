//! `mantlet block add|remove|list`: networks that are refused while the server runs.

use mantlet_admin::control::Command;
use mantlet_config::{Cidr, Environment, Scalar as _, Value};
use serde_json::Value as Json;

use super::{Failure, Outcome, ask};
use crate::cli::BlockCommand;
use crate::output;

pub(super) fn execute(command: BlockCommand) -> Result<Outcome, Failure> {
    match command {
        BlockCommand::Add { network, duration, why, force, place } => {
            let network = parse(&network)?;
            if !force {
                spare_ourselves(&network)?;
            }
            let seconds = duration.map(|text| seconds(&text)).transpose()?;
            let command = Command::BlockAdd { network: network.to_string(), seconds, why, force };
            let Some(answer) = ask(place, &command)? else { return Ok(Outcome::Unusable) };
            let ended = answer.get("ended").and_then(Json::as_u64).unwrap_or(0);
            output::say(&format!("blocked {network}; {ended} running connection(s) ended"));
            Ok(Outcome::Fine)
        }
        BlockCommand::Remove { network, place } => {
            let network = parse(&network)?;
            let command = Command::BlockRemove { network: network.to_string() };
            let Some(answer) = ask(place, &command)? else { return Ok(Outcome::Unusable) };
            if answer.get("removed") == Some(&Json::Bool(true)) {
                output::say(&format!("{network} is no longer blocked"));
                return Ok(Outcome::Fine);
            }
            output::note(&format!("{network} was not blocked"));
            Ok(Outcome::Findings)
        }
        BlockCommand::List { json, place } => {
            let Some(answer) = ask(place, &Command::BlockList)? else {
                return Ok(Outcome::Unusable);
            };
            list(&answer, json);
            Ok(Outcome::Fine)
        }
    }
}

fn list(answer: &Json, as_json: bool) {
    if as_json {
        return output::say(&answer.to_string());
    }
    let blocks = answer.get("blocks").and_then(Json::as_array).cloned().unwrap_or_default();
    if blocks.is_empty() {
        return output::say("nothing is blocked");
    }
    for block in blocks {
        let text = |key: &str| block.get(key).and_then(Json::as_str).unwrap_or("-").to_owned();
        let until = block.get("until").and_then(Json::as_str).unwrap_or("removed");
        output::say(&format!("{}  until {until}  {}", text("network"), text("why")));
    }
}

/// Refuses a network from which whoever types this is logged in.
fn spare_ourselves(network: &Cidr) -> Result<(), Failure> {
    let environment = Environment::from_process();
    let client = environment.lookup("SSH_CONNECTION").and_then(|text| text.split(' ').next());
    match client.and_then(|address| address.parse().ok()).filter(|own| network.contains(*own)) {
        None => Ok(()),
        Some(own) => Err(format!(
            "`{network}` holds `{own}`, from which you are logged in here\n  hint: block a smaller network, or add `--force`"
        )
        .into()),
    }
}

fn parse(text: &str) -> Result<Cidr, Failure> {
    Cidr::parse(&Value::String(text.into()))
        .map_err(|complaint| format!("{}\n  hint: {}", complaint.message, complaint.hint).into())
}

fn seconds(text: &str) -> Result<u64, Failure> {
    let duration = std::time::Duration::parse(&Value::String(text.into()));
    match duration {
        Ok(duration) if duration.as_secs() > 0 => Ok(duration.as_secs()),
        Ok(_) => Err(
            "--for: a block lasts at least one second\n  hint: leave it out to block until removed"
                .into(),
        ),
        Err(complaint) => {
            Err(format!("--for: {}\n  hint: {}", complaint.message, complaint.hint).into())
        }
    }
}
