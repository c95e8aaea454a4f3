//! What a guard found in one value of a request or an answer.

use std::borrow::Cow;

use mantlet_event::{Event, field};

/// Rules that one event names.
const RULES: usize = 32;

/// What found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingSource {
    /// The rule with this number.
    Rule(u64),
    /// The detector of this class of attacks, as `sqli`.
    Detector(&'static str),
}

/// One finding, for the operator alone: the event, `mantlet explain`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What found it.
    pub source: FindingSource,
    /// The part of the request or answer: `query`, `form`, `json`, `header`; for rules the variable.
    pub place: Cow<'static, str>,
    /// The name of the parameter; empty where it has none.
    pub name: String,
    /// The bytes that show it, cut, readable and without secrets.
    pub evidence: String,
    /// What was decoded before it showed, as in `url>base64`; empty for nothing.
    pub decoding: String,
    /// How much it counts: the confidence of a detector, 1 to 100, or the severity of a rule.
    pub score: i64,
    /// Why, in a few words.
    pub message: String,
}

impl Finding {
    /// `event` with `findings`: the first in full, the numbers of all rules.
    pub(super) fn tell(findings: &[Self], event: Event) -> Event {
        let Some(first) = findings.first() else { return event };
        let event = match first.source {
            FindingSource::Rule(id) => {
                event.number(field::RULE, i64::try_from(id).unwrap_or(i64::MAX))
            }
            FindingSource::Detector(class) => event.text(field::CLASS, class),
        };
        let event = event.text(field::PLACE, first.place.clone()).number(field::SCORE, first.score);
        let texts = [
            (field::PARAMETER, &first.name),
            (field::EVIDENCE, &first.evidence),
            (field::DECODING, &first.decoding),
            (field::MESSAGE, &first.message),
        ];
        let said = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let event = said.fold(event, |event, (name, text)| event.text(name, text.clone()));
        let rules: Vec<String> = findings
            .iter()
            .filter_map(|finding| match finding.source {
                FindingSource::Rule(id) => Some(id.to_string()),
                FindingSource::Detector(_) => None,
            })
            .take(RULES)
            .collect();
        if rules.is_empty() { event } else { event.text(field::RULES, rules.join(" ")) }
    }
}
