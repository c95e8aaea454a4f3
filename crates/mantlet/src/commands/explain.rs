//! `mantlet explain ID`: why a request was refused, and the narrowest exception.

use mantlet_admin::control::{Client, Command};
use mantlet_event::{history, reasons};
use mantlet_gate::guards;
use mantlet_types::RequestId;
use serde_json::Value as Json;

use super::{Failure, Outcome, data_folder};
use crate::cli::PlaceFlags;
use crate::output;

/// Most records of one request that are shown.
const RECORDS: usize = 64;

pub(super) fn execute(id: &str, as_json: bool, place: PlaceFlags) -> Result<Outcome, Failure> {
    let id: RequestId = id.trim().parse()?;
    let Some(data) = data_folder(place) else { return Ok(Outcome::Unusable) };
    let mut records = Vec::new();
    if let Some(mut client) = Client::connect(&data)? {
        let answer = client.request(&Command::Explain { id: id.to_string() })?;
        records.extend(answer.get("events").and_then(Json::as_array).cloned().unwrap_or_default());
    }
    if records.is_empty() {
        records = from_files(&data.join("log"), id)?;
    }
    if records.is_empty() {
        output::note(&format!("no record of request `{id}` in `{}`", data.display()));
        output::note(
            "  hint: logs rotate; is this the data folder of the server that answered it?",
        );
        return Ok(Outcome::Findings);
    }
    for record in &records {
        output::say(&if as_json { record.to_string() } else { describe(record) });
    }
    Ok(Outcome::Fine)
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
        ("evidence", text("evidence")),
        ("hint", text("hint")),
    ];
    for (label, value) in facts {
        if let Some(value) = value {
            lines.push(format!("  {label:<9} {value}"));
        }
    }
    lines.extend(text("guard").and_then(|guard| exception(&guard, &or_dash("url.path"), record)));
    lines.join("\n")
}

/// The narrowest configuration under which this request would have passed: this guard, this path.
/// Fixed stages have no exception.
fn exception(guard: &str, path: &str, record: &Json) -> Option<String> {
    let is_refusal = record
        .get("reason")
        .and_then(Json::as_str)
        .is_some_and(|code| reasons::ALL.iter().any(|reason| reason.code == code));
    let is_enforced = record.get("mode").and_then(Json::as_str) == Some("enforce");
    let is_guard = guards::ORDER.iter().any(|slot| slot.spec.name == guard);
    let path = mantlet_config::Value::String(path.to_owned());
    (is_refusal && is_enforced && is_guard).then(|| {
        format!(
            "  to let requests for this path pass this guard, and only log them:\n\n    \
             [[routes]]\n    path = {path}\n    [routes.guards.{guard}]\n    mode = \"observe\"\n"
        )
    })
}
