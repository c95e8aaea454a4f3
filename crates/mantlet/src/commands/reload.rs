//! `mantlet reload` and `mantlet upgrade`: what a running server does with itself.

use mantlet_admin::control::Command;
use serde_json::Value as Json;

use super::{Failure, Outcome, ask};
use crate::cli::PlaceFlags;
use crate::output;

pub(super) fn reload(place: PlaceFlags) -> Result<Outcome, Failure> {
    let Some(answer) = ask(place, &Command::Reload)? else { return Ok(Outcome::Unusable) };
    let lines = |key: &str| {
        let lines = answer.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
        lines.into_iter().filter_map(|line| line.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    for warning in lines("warnings") {
        output::note(&warning);
    }
    let changed = lines("changed");
    if changed.is_empty() {
        output::say("reloaded; no setting has changed (secrets and certificates were read again)");
    } else {
        output::say("reloaded; changed:");
    }
    for line in changed {
        output::say(&format!("  {line}"));
    }
    let restart = lines("restart");
    if !restart.is_empty() {
        output::note(&format!("these hold from the next start only: {}", restart.join(", ")));
    }
    Ok(Outcome::Fine)
}

pub(super) fn upgrade(place: PlaceFlags) -> Result<Outcome, Failure> {
    let Some(answer) = ask(place, &Command::Upgrade)? else { return Ok(Outcome::Unusable) };
    let process = answer.get("pid").map(ToString::to_string).unwrap_or_default();
    output::say(&format!("process {process} serves from now on; the one before ends what it has"));
    Ok(Outcome::Fine)
}
