//! `mantlet explain ID`: why a request was refused, and the narrowest exception.

mod apply;
mod edit;
mod spot;
mod waf;

use mantlet_admin::control::{Client, Command};
use mantlet_event::{history, reasons};
use mantlet_gate::guards;
use mantlet_types::RequestId;
use serde_json::Value as Json;

use super::{Failure, Outcome, data_folder};
use crate::cli::ServerFlags;
use crate::output;

/// Most records of one request that are shown.
const RECORDS: usize = 64;

/// What was asked for beside the id.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) as_json: bool,
    /// The path that an exception is for, in place of the request's own.
    pub(super) path: Option<String>,
    pub(super) apply: bool,
    /// Applies an exception under which recorded requests would pass that look like attacks.
    pub(super) force: bool,
}

pub(super) fn execute(id: &str, asked: &Asked, flags: ServerFlags) -> Result<Outcome, Failure> {
    let id: RequestId = id.trim().parse()?;
    let Some(data) = data_folder(flags.place.clone()) else { return Ok(Outcome::Unusable) };
    let records = records(&data, id)?;
    if records.is_empty() {
        output::note(&format!("no record of request `{id}` in `{}`", data.display()));
        output::note(
            "  hint: logs rotate; is this the data folder of the server that answered it?",
        );
        return Ok(Outcome::Findings);
    }
    for record in &records {
        output::say(&if asked.as_json { record.to_string() } else { describe(record) });
    }
    match records.iter().find_map(waf::Refused::of) {
        Some(refused) => waf::explain(&refused, asked, flags),
        None if asked.apply => {
            let hint = "write what is shown above into the configuration yourself";
            Err(format!("there is no exception that could be applied\n  hint: {hint}").into())
        }
        None => Ok(Outcome::Fine),
    }
}

/// What the running server remembers of the request, else what the logs hold.
fn records(data: &std::path::Path, id: RequestId) -> Result<Vec<Json>, Failure> {
    let mut records = Vec::new();
    if let Some(mut client) = Client::connect(data)? {
        let answer = client.request(&Command::Explain { id: id.to_string() })?;
        records.extend(answer.get("events").and_then(Json::as_array).cloned().unwrap_or_default());
    }
    if records.is_empty() {
        records = from_files(&data.join("log"), id)?;
    }
    Ok(records)
}

fn from_files(logs: &std::path::Path, id: RequestId) -> std::io::Result<Vec<Json>> {
    let mut lines = Vec::new();
    for file in ["events.jsonl", "access.jsonl"] {
        lines.extend(history::find_in_logs(&logs.join(file), id, RECORDS)?);
    }
    Ok(lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn describe(record: &Json) -> String {
    let text = |key: &str| match record.get(key) {
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    let or_dash = |key: &str| text(key).unwrap_or_else(|| "-".into());
    let mut lines = vec![format!("{}  {}", or_dash("at"), or_dash("event.name"))];
    let request = format!(
        "{} {}{}",
        or_dash("http.request.method"),
        or_dash("url.domain"),
        or_dash("url.path")
    );
    let answer = text("http.response.status_code").map(|status| format!("answered {status}"));
    let facts = [
        ("request", Some(request)),
        ("client", text("source.ip")),
        ("route", text("route")),
        ("answer", answer),
        ("guard", text("guard").map(|guard| format!("{guard} ({})", or_dash("mode")))),
        ("reason", text("reason")),
        ("class", text("class")),
        ("rules", text("rule_ids")),
        (
            "place",
            text("place").map(|place| {
                format!("{place} {}", text("parameter").unwrap_or_default()).trim_end().to_owned()
            }),
        ),
        ("evidence", text("evidence")),
        ("decoded", text("decoding")),
        ("because", text("message")),
        ("score", text("score")),
        ("hint", text("hint")),
    ];
    for (label, value) in facts {
        if let Some(value) = value {
            lines.push(format!("  {label:<9} {value}"));
        }
    }
    lines.extend(exception(record));
    lines.join("\n")
}

/// The narrowest configuration under which this request would have passed: this guard, for this
/// method, host and path. Fixed stages have no exception, and neither have paths that no route can
/// name. What the WAF found has one of its own.
fn exception(record: &Json) -> Option<String> {
    let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
    let guard = text("guard");
    let is_refusal = reasons::ALL.iter().any(|reason| reason.code == text("reason"));
    let is_guard = guards::ORDER.iter().any(|slot| slot.spec.name == guard);
    if !is_refusal || !is_guard || text("mode") != "enforce" || waf::Refused::of(record).is_some() {
        return None;
    }
    let spot = spot::Spot::of(record)?;
    let (intro, key, value) = match text("reason") {
        "waf-body" | "waf-coding" => ("unread by", "unreadable", "pass"),
        "waf-budget" => ("unread by", "over_budget", "pass"),
        _ => ("", "mode", "observe"),
    };
    let setting = edit::Change::Setting { guard, key, value };
    let fragment = edit::fragment(&spot, &setting);
    let intro = match intro {
        "" => "to let such requests pass this guard, and only log them".to_owned(),
        how => format!("to let such requests pass {how} this guard"),
    };
    let lines = fragment.trim().lines().map(|line| format!("    {line}").trim_end().to_owned());
    Some(format!("  {intro}:\n\n{}\n", lines.collect::<Vec<_>>().join("\n")))
}
