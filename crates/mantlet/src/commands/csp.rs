//! `mantlet csp suggest`: from what browsers reported to settings.
//!
//! Everything that was reported is the word of whoever sent it: what a terminal or a configuration
//! could take for something else is escaped.

use mantlet_config::Value as TomlValue;
use mantlet_gate::guards::csp::Reports;
use mantlet_gate::guards::csp::reports::Known;
use mantlet_gate::guards::csp::suggest::{Doubt, Suggestion, Value, suggest};
use serde_json::{Value as Json, json};

use super::{Failure, Outcome};
use crate::cli::{CspCommand, PlaceFlags, ServerFlags};
use crate::config::{Need, read};
use crate::{data, output, reports};

pub(super) fn execute(command: CspCommand) -> Result<Outcome, Failure> {
    let CspCommand::Suggest { json, place } = command;
    print(json, place)
}

fn print(as_json: bool, place: PlaceFlags) -> Result<Outcome, Failure> {
    let flags = ServerFlags { place, ..ServerFlags::default() };
    let Some(ready) = read(&flags, Need::Nothing).ready() else { return Ok(Outcome::Unusable) };
    let usual = || data::usual_place(&ready.environment);
    let folder = ready.config.data.clone().unwrap_or_else(usual);
    let known = Reports::load(&reports::file(&folder))?;
    let suggestion = suggest(&known, &ready.config.guards.csp);
    if as_json {
        output::say(&to_json(&suggestion).to_string());
        return Ok(Outcome::Fine);
    }
    if known.is_empty() {
        output::note(&format!("nothing was reported to `{}`", folder.display()));
        output::note("  hint: set `report = true` in `[guards.csp]`, then use the application");
        return Ok(Outcome::Findings);
    }
    output::say(&to_toml(&suggestion));
    Ok(Outcome::Fine)
}

fn to_toml(suggestion: &Suggestion) -> String {
    let mut lines = Vec::new();
    if suggestion.settings.is_empty() {
        lines.push("# nothing to add: what was reported is allowed, or stands below".to_owned());
    } else {
        lines.push("[guards.csp]".to_owned());
    }
    for (key, values) in &suggestion.settings {
        lines.push(format!("{key} = ["));
        for value in values {
            lines.extend(value.known.as_ref().map(|known| format!("    # {}", reported(known))));
            lines.push(format!("    {},", TomlValue::String(value.text.clone())));
        }
        lines.push("]".to_owned());
    }
    if !suggestion.doubts.is_empty() {
        lines.push("\n# Not suggested; look at these:".to_owned());
    }
    for Doubt { known, why } in &suggestion.doubts {
        let (directive, source) = (plain(&known.directive), plain(&known.source));
        lines.push(format!("# {directive} {source}: {why}"));
        lines.push(format!("#     {}", reported(known)));
    }
    lines.join("\n")
}

/// How often, where, and how it begins.
fn reported(known: &Known) -> String {
    let times = if known.count == 1 { "once".to_owned() } else { format!("{} times", known.count) };
    let documents: Vec<String> = known.documents.iter().map(|path| plain(path)).collect();
    let sample = match known.sample.as_str() {
        "" => String::new(),
        sample => format!(": {}", plain(sample)),
    };
    format!("{times}, on {}{sample}", documents.join(" "))
}

/// A text without anything that a terminal acts on or an eye takes for something else.
fn plain(text: &str) -> String {
    let shown = |letter: char| match letter {
        ' '..='~' => letter.to_string(),
        other => other.escape_default().to_string(),
    };
    text.chars().map(shown).collect()
}

fn to_json(suggestion: &Suggestion) -> Json {
    let settings = suggestion.settings.iter().map(|(key, values)| {
        let values: Vec<Json> = values.iter().map(value_to_json).collect();
        (key.clone(), Json::Array(values))
    });
    let doubts: Vec<Json> = suggestion
        .doubts
        .iter()
        .map(|Doubt { known, why }| json!({ "why": why, "reported": known_to_json(known) }))
        .collect();
    json!({ "settings": Json::Object(settings.collect()), "doubts": doubts })
}

fn value_to_json(value: &Value) -> Json {
    json!({ "value": value.text, "reported": value.known.as_ref().map(known_to_json) })
}

fn known_to_json(known: &Known) -> Json {
    json!({
        "directive": known.directive,
        "source": known.source,
        "count": known.count,
        "last": known.last.to_string(),
        "documents": known.documents,
        "sample": known.sample,
    })
}
