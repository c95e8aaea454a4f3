//! From what matched to a refusal.

use http::header::{CONNECTION, LOCATION};
use http::{HeaderValue, StatusCode};
use mantlet_event::reasons;
use mantlet_waf::{Budget, Interruption, InterruptionAction, MatchedRule, RuleMatch, Transaction};

use crate::guards::waf::config::Doubt;
use crate::guards::waf::denial::{self, discreet};
use crate::pipeline::{Denial, Finding, FindingSource};

/// Bytes of evidence and of names that are kept.
const SHOWN: usize = 160;
/// Rules that are kept.
const RULES: usize = 64;
/// Variables in which the core rule set keeps its scores.
const SCORES: [&str; 2] = ["blocking_inbound_anomaly_score", "blocking_outbound_anomaly_score"];

/// A refusal by a rule, with every rule that had a part in it.
pub(super) fn of_rules(transaction: &Transaction, interruption: &Interruption) -> Denial {
    let mut findings = findings(transaction, interruption);
    let total = SCORES.iter().filter_map(|name| transaction.number(name)).max().unwrap_or(0);
    if let Some(first) = findings.first_mut() {
        first.score = first.score.max(total);
    }
    let reason = if interruption.phase <= 2 { &reasons::WAF_RULE } else { &reasons::WAF_ANSWER };
    let denial = Denial::new(reason).with_findings(findings);
    match &interruption.action {
        InterruptionAction::Deny(status) => denial.status(refusal_status(*status)),
        InterruptionAction::Drop => denial.header(CONNECTION, HeaderValue::from_static("close")),
        InterruptionAction::Redirect(status, to) => match HeaderValue::from_str(to) {
            Ok(to) => denial.status(*status).header(LOCATION, to),
            Err(_) => denial,
        },
    }
}

/// What a rule may answer with: a refusal is one.
fn refusal_status(status: u16) -> u16 {
    let is_refusal = StatusCode::from_u16(status)
        .is_ok_and(|status| status.is_client_error() || status.is_server_error());
    if is_refusal { status } else { 403 }
}

/// A budget that is exhausted; `None` lets pass.
pub(super) fn of_budget(budget: Budget, over_budget: Doubt) -> Option<Denial> {
    match budget {
        Budget::RequestBody => {
            Some(Denial::new(&reasons::BODY_TOO_LARGE).evidence("SecRequestBodyLimit"))
        }
        Budget::ResponseBody => {
            Some(Denial::new(&reasons::WAF_ANSWER).evidence("SecResponseBodyLimit"))
        }
        Budget::Memory | Budget::Work => {
            let is_memory = budget == Budget::Memory;
            let limit = if is_memory { "guards.waf.memory_limit" } else { "guards.waf.work_limit" };
            (over_budget == Doubt::Refuse).then(|| denial::of_budget(budget.name(), limit))
        }
    }
}

/// The rules that matched, those first that say something about a value of the request, the worst
/// before the others; those that only looked at variables of the rules follow, and the one that
/// refused comes last, for it mostly only counts.
fn findings(transaction: &Transaction, interruption: &Interruption) -> Vec<Finding> {
    let matched = transaction.matched();
    let is_telling = |rule: &&MatchedRule| rule.is_logged() && rule.id() != interruption.rule;
    let mut telling: Vec<&MatchedRule> = matched.iter().filter(is_telling).collect();
    telling.sort_by_key(|rule| (about(rule).is_none(), rule.severity().unwrap_or(u8::MAX)));
    let last = matched.iter().rfind(|rule| rule.id() == interruption.rule);
    let mut findings: Vec<Finding> =
        telling.into_iter().chain(last).take(RULES).map(finding).collect();
    if findings.is_empty() {
        findings.push(Finding {
            source: FindingSource::Rule(interruption.rule),
            place: "".into(),
            name: String::new(),
            evidence: String::new(),
            decoding: String::new(),
            score: 0,
            message: String::new(),
        });
    }
    findings
}

/// The value that a rule matched, unless it only counted.
fn about(rule: &MatchedRule) -> Option<&RuleMatch> {
    rule.matches.iter().find(|one| !one.variable.starts_with("TX"))
}

fn finding(rule: &MatchedRule) -> Finding {
    let matched = about(rule);
    let (place, name) = match matched.map(|one| one.variable.as_str()) {
        None => (String::new(), String::new()),
        Some(variable) => match variable.split_once(':') {
            Some((place, name)) => (place.to_owned(), cut(name)),
            None => (variable.to_owned(), String::new()),
        },
    };
    let evidence = matched.map(|one| {
        let span = one.span.clone().unwrap_or(0..one.value.len());
        let bytes = one.value.get(span).unwrap_or_default();
        cut(&String::from_utf8_lossy(bytes.get(..SHOWN).unwrap_or(bytes)))
    });
    Finding {
        source: FindingSource::Rule(rule.id()),
        place: place.into(),
        evidence: discreet(&name, evidence.unwrap_or_default()),
        name,
        decoding: matched.map(|one| one.transformations.join(">")).unwrap_or_default(),
        score: score(rule.severity()),
        message: rule.message.clone(),
    }
}

/// What the core rule set counts for a severity.
const fn score(severity: Option<u8>) -> i64 {
    match severity {
        Some(0..=2) => 5,
        Some(3) => 4,
        Some(4) => 3,
        Some(5) => 2,
        _ => 0,
    }
}

/// Text for people: cut, and without what a terminal would obey.
fn cut(text: &str) -> String {
    text.chars().take(SHOWN).map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}
