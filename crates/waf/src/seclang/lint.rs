//! What rules can be used with and is hardly what was meant.

use super::draft::{Draft, DraftRule, Entry};
use super::problem::{Place, Problem};
use super::selection::RuleSelection;
use crate::actions::{Action, AllowScope, Control};
use crate::operators::{Operator, pcre};
use crate::variables::Variable;

/// One finding about rules that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintFinding {
    /// What kind it is, in kebab-case.
    pub kind: &'static str,
    /// Whether it only tells, and nothing is to be done.
    pub is_note: bool,
    /// Where, and what to do.
    pub problem: Problem,
}

/// Everything there is to say about rule files.
#[derive(Debug, Clone, Default)]
pub struct Lint {
    /// How many rules there are; a chain is one.
    pub rules: usize,
    /// What keeps them from being used.
    pub errors: Vec<Problem>,
    /// What is hardly meant; in the order of the rules.
    pub findings: Vec<LintFinding>,
}

/// What is hardly meant in `draft`, before its removals are carried out.
pub(crate) fn findings(draft: &Draft) -> Vec<LintFinding> {
    let mut findings = Vec::new();
    for rule in rules(draft) {
        phase(rule, &mut findings);
        targets(rule, &mut findings);
        patterns(rule, &mut findings);
        controls(rule, draft, &mut findings);
    }
    for (rules, place) in &draft.mentions {
        exclusion(rules, place, draft, &mut findings);
    }
    for phase in 1..=5 {
        reach(draft, phase, &mut findings);
    }
    findings.extend(draft.settings.logs.iter().map(|problem| LintFinding {
        kind: "no-log",
        is_note: true,
        problem: problem.clone(),
    }));
    findings.sort_by(|one, other| one.problem.place.cmp(&other.problem.place));
    findings
}

fn rules(draft: &Draft) -> impl Iterator<Item = &DraftRule> {
    draft.entries.iter().filter_map(|entry| match entry {
        Entry::Rule(rule) => Some(&**rule),
        Entry::Marker(_) => None,
    })
}

fn warning(kind: &'static str, place: &Place, message: String, hint: &str) -> LintFinding {
    LintFinding { kind, is_note: false, problem: Problem::new(place, message).hint(hint) }
}

fn phase(rule: &DraftRule, findings: &mut Vec<LintFinding>) {
    let Some(first) = rule.links.first() else { return };
    if !first.actions.iter().any(|action| matches!(action, Action::Phase(_))) {
        let message = format!("rule `{}` names no phase and runs in phase 2", rule.id);
        findings.push(warning("no-phase", &first.place, message, "add `phase:2`"));
    }
}

/// The first phase in which a variable can have a value; 0 for never.
const fn available(variable: Variable) -> u8 {
    use Variable as V;
    match variable {
        V::Geo => 0,
        V::ArgsPost
        | V::ArgsPostNames
        | V::Files
        | V::FilesCombinedSize
        | V::FilesNames
        | V::FilesSizes
        | V::FilesTmpContent
        | V::MultipartFilename
        | V::MultipartName
        | V::MultipartPartHeaders
        | V::MultipartStrictError
        | V::MultipartUnmatchedBoundary
        | V::ReqbodyError
        | V::RequestBody
        | V::RequestBodyLength
        | V::Xml => 2,
        V::ResponseContentLength
        | V::ResponseContentType
        | V::ResponseHeaders
        | V::ResponseHeadersNames
        | V::ResponseProtocol
        | V::ResponseStatus
        | V::StatusLine => 3,
        V::ResponseBody => 4,
        _ => 1,
    }
}

fn targets(rule: &DraftRule, findings: &mut Vec<LintFinding>) {
    for link in &rule.links {
        for target in &link.targets.included {
            let (name, first) = (target.variable.name(), available(target.variable));
            let message = match first {
                0 => format!("`{name}` never has a value here"),
                first if first > rule.phase => {
                    format!("`{name}` has no value in phase {} yet", rule.phase)
                }
                _ => continue,
            };
            let hint = if first == 0 { "leave it out" } else { "run the rule in a later phase" };
            findings.push(warning("unavailable-target", &link.place, message, hint));
        }
    }
}

fn patterns(rule: &DraftRule, findings: &mut Vec<LintFinding>) {
    for link in &rule.links {
        if !matches!(link.question.operator, Operator::Rx(_)) {
            continue;
        }
        let pattern = link.question.written.split_once(' ').map_or("", |(_, pattern)| pattern);
        if let Ok(rewritten) = pcre::translate(pattern)
            && rewritten != pattern
        {
            let shown: String = rewritten.chars().take(120).collect();
            let message = format!("the pattern of rule `{}` is run as `{shown}`", rule.id);
            let problem = Problem::new(&link.place, message);
            findings.push(LintFinding { kind: "rewritten-pattern", is_note: true, problem });
        }
    }
}

fn controls(rule: &DraftRule, draft: &Draft, findings: &mut Vec<LintFinding>) {
    for link in &rule.links {
        for action in &link.actions {
            if let Action::Control(Control::RemoveRules(rules) | Control::RemoveTargets(rules, _)) =
                action
            {
                exclusion(rules, &link.place, draft, findings);
            }
        }
    }
}

/// Numbers of rules of which there is none.
fn exclusion(
    selection: &RuleSelection,
    place: &Place,
    draft: &Draft,
    findings: &mut Vec<LintFinding>,
) {
    let RuleSelection::Ids(ranges) = selection else { return };
    for (first, last) in ranges {
        if !rules(draft).any(|rule| (*first..=*last).contains(&rule.id)) {
            let numbers = if first == last { first.to_string() } else { format!("{first}-{last}") };
            let message = format!("there is no rule `{numbers}`");
            let hint = "correct the number, or read the file with that rule too";
            findings.push(warning("unknown-rule", place, message, hint));
        }
    }
}

/// Rules behind one that always skips them or always ends the phase.
fn reach(draft: &Draft, phase: u8, findings: &mut Vec<LintFinding>) {
    let mut wall: Option<Wall<'_>> = None;
    for (index, entry) in draft.entries.iter().enumerate() {
        match entry {
            // Whoever skips to a place makes what follows it reachable.
            Entry::Marker(name) if is_skipped_to(draft, index, phase, name) => wall = None,
            Entry::Marker(_) => {}
            Entry::Rule(rule) if rule.phase != phase => {}
            Entry::Rule(rule) => match &wall {
                Some(wall) => {
                    let Some(first) = rule.links.first() else { continue };
                    let message = format!("rule `{}` is never reached", rule.id);
                    let hint = format!("rule `{}` at {} stands before it", wall.id, wall.place);
                    findings.push(warning("unreached-rule", &first.place, message, &hint));
                }
                None => wall = Wall::of(rule),
            },
        }
    }
}

/// A rule behind which nothing runs, up to a marker that a rule skips to.
struct Wall<'d> {
    id: u64,
    place: &'d Place,
}

impl<'d> Wall<'d> {
    fn of(rule: &'d DraftRule) -> Option<Self> {
        let [only] = rule.links.as_slice() else { return None };
        let always = matches!(only.question.operator, Operator::Always) && !only.question.negated;
        let ends = |action: &Action| {
            matches!(
                action,
                Action::SkipAfter(_)
                    | Action::Deny
                    | Action::Drop
                    | Action::Redirect(_)
                    | Action::Allow(AllowScope::Everything | AllowScope::Phase)
            )
        };
        let is_wall = always && only.actions.iter().any(ends);
        is_wall.then_some(Self { id: rule.id, place: &only.place })
    }
}

/// Whether a rule of the phase before `index` skips to the marker there.
fn is_skipped_to(draft: &Draft, index: usize, phase: u8, name: &str) -> bool {
    draft.entries.iter().take(index).any(|entry| match entry {
        Entry::Rule(rule) if rule.phase == phase => rule.links.iter().any(|link| {
            let skips = |action: &Action| matches!(action, Action::SkipAfter(to) if **to == *name);
            link.actions.iter().any(skips)
        }),
        _ => false,
    })
}
