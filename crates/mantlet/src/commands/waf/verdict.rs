//! What the WAF said about a recorded request, for people and for programs.

use mantlet_event::Redactor;
use mantlet_gate::pipeline::{Denial, Finding, FindingSource};
use mantlet_gate::recording::Recorded;
use mantlet_gate::replay::Judged;
use serde_json::{Value as Json, json};

/// What found it, as reports and the configuration name it.
pub(crate) fn source(finding: &Finding) -> String {
    match finding.source {
        FindingSource::Rule(id) => id.to_string(),
        FindingSource::Detector(class) => class.to_owned(),
    }
}

/// Everything that had a part in a refusal: rules, classes, or the reason where there are none.
pub(crate) fn sources(denial: &Denial) -> Vec<String> {
    let mut names: Vec<String> = denial.findings().iter().map(source).collect();
    if names.is_empty() {
        names.push(denial.reason.code.to_owned());
    }
    names
}

/// Takes out of a text what must not be on a terminal, or in what somebody pastes from it.
pub(crate) fn discreet(text: &str, redactor: &Redactor) -> String {
    let plain = |letter: char| if letter.is_control() { '\u{fffd}' } else { letter };
    redactor.redact(text).chars().map(plain).collect()
}

/// Method, host and path of a request; never its query.
pub(crate) fn request(request: &Recorded, redactor: &Redactor) -> String {
    let path = request.target.split('?').next().unwrap_or_default();
    discreet(&format!("{} {}{path}", request.method, request.host), redactor)
}

/// A refusal on a line.
pub(crate) fn line(judged: &Judged, denial: &Denial, redactor: &Redactor) -> String {
    let Some(first) = denial.findings().first() else {
        let evidence = denial.evidence.as_deref().unwrap_or_default();
        return discreet(&format!("{} {evidence}", denial.reason.code), redactor);
    };
    let mut text = format!("{} {}", sources(denial).join(" "), first.score);
    if let Some(threshold) = judged.settings.shown_threshold() {
        text += &format!(" (threshold {threshold})");
    }
    text += &format!(" in {}", first.place);
    if !first.name.is_empty() {
        text += &format!(" `{}`", first.name);
    }
    if !first.evidence.is_empty() {
        text += &format!(": `{}`", first.evidence);
    }
    if !first.decoding.is_empty() {
        text += &format!(" ({} decoded)", first.decoding);
    }
    discreet(&text, redactor)
}

/// A refusal for programs.
pub(crate) fn as_json(judged: &Judged, denial: &Denial, redactor: &Redactor) -> Json {
    let finding = |finding: &Finding| {
        let mut object = json!({
            "place": finding.place,
            "parameter": discreet(&finding.name, redactor),
            "evidence": discreet(&finding.evidence, redactor),
            "decoding": finding.decoding,
            "score": finding.score,
            "message": finding.message,
        });
        let key = match finding.source {
            FindingSource::Rule(_) => "rule",
            FindingSource::Detector(_) => "class",
        };
        if let Json::Object(members) = &mut object {
            members.insert(key.to_owned(), source(finding).into());
        }
        object
    };
    json!({
        "route": &*judged.route,
        "mode": judged.mode.as_str(),
        "reason": denial.reason.code,
        "threshold": judged.settings.shown_threshold(),
        "evidence": denial.evidence.as_deref().map(|text| discreet(text, redactor)),
        "findings": denial.findings().iter().map(finding).collect::<Vec<_>>(),
    })
}
