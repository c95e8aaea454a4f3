//! From what was found to the narrowest exception under which it would pass.

use mantlet_waf::detect::Class;

use super::exceptions::{ClassName, ExceptionSection, PARTS, ParameterName, PartName, RuleNumbers};
use crate::pipeline::{Finding, FindingSource};

/// Names of findings that are this long may have been cut.
const CUT: usize = 120;

impl ExceptionSection {
    /// The narrowest exception under which what was found would pass; `None` where no exception can
    /// name it: a name that was cut or is not text, and rules that only count.
    #[must_use]
    pub fn of(finding: &Finding) -> Option<Self> {
        if finding.name.len() >= CUT || finding.name.contains('\u{fffd}') {
            return None;
        }
        match finding.source {
            FindingSource::Detector(class) => of_detector(finding, class),
            FindingSource::Rule(number) => of_rule(finding, number),
        }
    }
}

fn of_detector(finding: &Finding, class: &str) -> Option<ExceptionSection> {
    let place = PARTS.iter().chain(&["message"]).find(|part| **part == finding.place)?;
    let is_path = matches!(*place, "json" | "message");
    let name = if is_path { steps(&finding.name) } else { finding.name.clone() };
    Some(ExceptionSection {
        class: Some(ClassName(Class::named(class)?)),
        parameter: parameter(name),
        place: Some(PartName(place)),
        ..ExceptionSection::default()
    })
}

fn of_rule(finding: &Finding, number: u64) -> Option<ExceptionSection> {
    let place = match &*finding.place {
        // Wherever it stands: the variable does not tell.
        "ARGS" | "ARGS_NAMES" if !finding.name.is_empty() => None,
        "ARGS_GET" | "ARGS_GET_NAMES" | "QUERY_STRING" => Some("query"),
        "ARGS_POST" | "ARGS_POST_NAMES" => Some("form"),
        "REQUEST_COOKIES" | "REQUEST_COOKIES_NAMES" => Some("cookie"),
        "REQUEST_HEADERS" | "REQUEST_HEADERS_NAMES" => Some("header"),
        "REQUEST_FILENAME" | "REQUEST_BASENAME" | "REQUEST_URI" | "PATH_INFO" => Some("path"),
        "FILES" | "FILES_NAMES" => Some("file"),
        "XML" => Some("xml"),
        "REQUEST_BODY" => Some("body"),
        _ => return None,
    };
    // Rules call the values of JSON `json.a.array_0`.
    let name = match finding.name.strip_prefix("json.") {
        Some(path) => steps(path),
        None => finding.name.clone(),
    };
    Some(ExceptionSection {
        rule: Some(RuleNumbers(number.to_string())),
        parameter: parameter(name),
        place: place.map(PartName),
        ..ExceptionSection::default()
    })
}

fn parameter(name: String) -> Option<ParameterName> {
    Some(name).filter(|name| !name.is_empty()).map(ParameterName)
}

/// A path in JSON; the place in a list names no parameter.
fn steps(path: &str) -> String {
    let is_number = |step: &str| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
    let is_place = |step: &str| is_number(step.strip_prefix("array_").unwrap_or(step));
    let steps = path.split('.').map(|step| if is_place(step) { "*" } else { step });
    steps.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Class or rule, parameter and place of the exception for a finding.
    fn exception(source: FindingSource, place: &'static str, name: &str) -> Option<String> {
        let finding = Finding {
            source,
            place: place.into(),
            name: name.to_owned(),
            evidence: String::new(),
            decoding: String::new(),
            score: 0,
            message: String::new(),
        };
        let ExceptionSection { class, rule, parameter, place } = ExceptionSection::of(&finding)?;
        let what =
            class.map(|class| class.0.name().to_owned()).or_else(|| rule.map(|rule| rule.0))?;
        let name = parameter.map_or_else(|| "*".to_owned(), |name| name.0);
        Some(format!("{what} {name} {}", place.map_or("anywhere", |place| place.0)))
    }

    #[test]
    fn an_exception_names_what_found_it_the_parameter_and_the_place() {
        let (sqli, rule) = (FindingSource::Detector("sqli"), FindingSource::Rule(942_100));
        let long = "a".repeat(CUT);
        for (source, place, name, expected) in [
            (&sqli, "form", "text", Some("sqli text form")),
            (&sqli, "form", "0.text", Some("sqli 0.text form")),
            (&sqli, "json", "items.12.note", Some("sqli items.*.note json")),
            (&sqli, "path", "", Some("sqli * path")),
            (&sqli, "moon", "x", None),
            (&sqli, "form", "a\u{fffd}", None),
            (&sqli, "form", &long, None),
            (&FindingSource::Detector("moon"), "form", "x", None),
            (&rule, "ARGS", "text", Some("942100 text anywhere")),
            (&rule, "ARGS", "json.items.array_3.note", Some("942100 items.*.note anywhere")),
            (&rule, "REQUEST_HEADERS", "user-agent", Some("942100 user-agent header")),
            (&rule, "REQUEST_COOKIES", "a", Some("942100 a cookie")),
            (&rule, "TX", "blocking_inbound_anomaly_score", None),
            (&rule, "ARGS", "", None),
        ] {
            let found = exception(source.clone(), place, name);
            assert_eq!(found.as_deref(), expected, "{source:?} {place} {name}");
        }
    }
}
