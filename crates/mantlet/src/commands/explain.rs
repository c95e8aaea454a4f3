//! `mantlet explain ID`: why a request was refused, and the narrowest exception.

use mantlet_admin::control::{Client, Command};
use mantlet_config::{Scalar as _, Value as TomlValue};
use mantlet_event::{REDACTED, history, reasons};
use mantlet_gate::guards;
use mantlet_gate::stages::route::{HostPattern, MethodName, PathPattern};
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
/// name: ones that were cut or redacted, or end like a pattern.
fn exception(record: &Json) -> Option<String> {
    let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
    let guard = text("guard");
    let is_refusal = reasons::ALL.iter().any(|reason| reason.code == text("reason"));
    let is_guard = guards::ORDER.iter().any(|slot| slot.spec.name == guard);
    if !is_refusal || !is_guard || text("mode") != "enforce" {
        return None;
    }
    let path = TomlValue::String(text("url.path").to_owned());
    if !matches!(PathPattern::parse(&path), Ok(PathPattern::Exact(_)))
        || text("url.path").contains(REDACTED)
    {
        return None;
    }
    let mut lines = vec!["[[routes]]".to_owned(), format!("path = {path}")];
    let host = TomlValue::String(text("url.domain").to_owned());
    if matches!(HostPattern::parse(&host), Ok(HostPattern::Exact(_))) {
        lines.push(format!("host = [{host}]"));
    }
    let method = TomlValue::String(text("http.request.method").to_owned());
    if MethodName::parse(&method).is_ok() {
        lines.push(format!("methods = [{method}]"));
    }
    lines.push(format!("[routes.guards.{guard}]"));
    lines.push("mode = \"observe\"".to_owned());
    let intro = "  to let such requests pass this guard, and only log them:\n";
    Some(lines.iter().fold(intro.to_owned(), |text, line| text + "\n    " + line) + "\n")
}
