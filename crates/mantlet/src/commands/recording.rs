//! `mantlet recording`: what `[recording]` keeps.

use serde_json::json;

use super::{Failure, Outcome};
use crate::cli::{PlaceFlags, RecordingCommand, ServerFlags};
use crate::config::{Need, Ready, read};
use crate::{output, recording};

pub(super) fn execute(command: RecordingCommand) -> Result<Outcome, Failure> {
    match command {
        RecordingCommand::Export { place } => export(place),
        RecordingCommand::Status { json, place } => status(json, place),
    }
}

fn ready(place: PlaceFlags) -> Option<Ready> {
    read(&ServerFlags { place, ..ServerFlags::default() }, Need::Nothing).ready()
}

fn export(place: PlaceFlags) -> Result<Outcome, Failure> {
    let Some(ready) = ready(place) else { return Ok(Outcome::Unusable) };
    recording::read(&ready.config, &ready.environment, |request| output::say(&request.to_line()))?;
    Ok(Outcome::Fine)
}

fn status(as_json: bool, place: PlaceFlags) -> Result<Outcome, Failure> {
    let Some(ready) = ready(place) else { return Ok(Outcome::Unusable) };
    let (mut refused, mut span): (u64, Option<(String, String)>) = (0, None);
    let report = recording::read(&ready.config, &ready.environment, |request| {
        refused = refused.saturating_add(u64::from(!request.refused.is_empty()));
        let (first, last) = span.get_or_insert_with(|| (request.at.clone(), request.at.clone()));
        if request.at < *first {
            first.clone_from(&request.at);
        }
        if request.at > *last {
            *last = request.at;
        }
    })?;
    let (first, last) = span.unwrap_or_default();
    if as_json {
        let status = json!({
            "requests": report.requests,
            "refused": refused,
            "bytes": report.bytes,
            "damaged": report.damaged,
            "foreign_files": report.foreign,
            "first": first,
            "last": last,
        });
        output::say(&status.to_string());
        return Ok(Outcome::Fine);
    }
    let (requests, bytes) = (report.requests, report.bytes);
    output::say(&format!("{requests} requests, {refused} of them refused, in {bytes} bytes"));
    if requests > 0 {
        output::say(&format!("from {first} to {last}"));
    }
    Ok(Outcome::Fine)
}
