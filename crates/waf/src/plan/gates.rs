//! One gate for the phases of the request and one for those of the answer, and which links stand in
//! them.

use std::collections::HashMap;

use super::gate::Gate;
use super::required::Required;
use super::rule::{Gated, Link, Rule};
use crate::operators::Operator;
use crate::operators::text::Relation;
use crate::transformations::ByteSet;
use crate::variables::Variable;

/// Links that look at the same values through the same transformations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    /// The number of their list of targets.
    pub(crate) list: usize,
    /// The position of their transformations in the rule set.
    pub(crate) chain: usize,
    /// Every step of the transformations counts.
    pub(crate) multi_match: bool,
}

/// The gates of a rule set.
#[derive(Debug)]
pub(crate) struct Gates {
    request: Gate,
    answer: Gate,
    /// The groups of links.
    pub(crate) groups: Vec<Group>,
    /// How many different lists of targets the groups have.
    pub(crate) lists: usize,
}

impl Gates {
    /// Gives every link its place.
    pub(super) fn assign(rules: &mut [Rule]) -> Self {
        let mut conditions = [Vec::new(), Vec::new()];
        let mut groups: HashMap<Group, usize> = HashMap::new();
        let mut lists: HashMap<String, usize> = HashMap::new();
        for rule in rules {
            let [request, answer] = &mut conditions;
            let list = if rule.phase <= 2 { request } else { answer };
            for link in &mut rule.links {
                let Some(condition) = condition(link) else { continue };
                let group = is_stable(link).then(|| {
                    let count = lists.len();
                    let list = *lists.entry(list_key(rule.phase, link)).or_insert(count);
                    let count = groups.len();
                    let group = Group { list, chain: link.chain, multi_match: link.multi_match };
                    *groups.entry(group).or_insert(count)
                });
                link.gated = Some(Gated { question: list.len(), group });
                list.push(condition);
            }
        }
        let [request, answer] = conditions;
        let mut numbered: Vec<(Group, usize)> = groups.into_iter().collect();
        numbered.sort_by_key(|(_, number)| *number);
        let groups = numbered.into_iter().map(|(group, _)| group).collect();
        Self {
            request: Gate::compile(&request),
            answer: Gate::compile(&answer),
            groups,
            lists: lists.len(),
        }
    }

    /// The gate of a phase.
    pub(crate) const fn of_phase(&self, phase: u8) -> &Gate {
        if phase <= 2 { &self.request } else { &self.answer }
    }
}

/// What a value must have for the link to match. `None`: nothing that can be said ahead.
fn condition(link: &Link) -> Option<Required> {
    if link.question.negated || link.targets.included.iter().any(|target| target.count) {
        return None;
    }
    Some(match &link.question.operator {
        Operator::Rx(rx) => Required::of_pattern(&rx.translated),
        Operator::Pm(pm) => Required::of_phrases(&pm.phrases),
        Operator::DetectSqli => Required { sets: vec![SQL_BYTES], ..Required::default() },
        Operator::DetectXss => Required { sets: vec![MARKUP_BYTES], ..Required::default() },
        Operator::Text(relation, template) => match relation {
            Relation::BeginsWith
            | Relation::Contains
            | Relation::ContainsWord
            | Relation::EndsWith
            | Relation::Equals => Required::of_literal(template.literal()?),
            Relation::Within => return None,
        },
        Operator::Always
        | Operator::Never
        | Operator::IpMatch(_)
        | Operator::Number(..)
        | Operator::ByteRange(_)
        | Operator::UrlEncoding
        | Operator::Utf8Encoding
        | Operator::Digits(..) => return None,
    })
}

/// One word is no SQL.
const SQL_BYTES: ByteSet = ByteSet::not_alphanumeric();

/// A tag begins with `<`, and an attribute has its value after `=`.
const MARKUP_BYTES: ByteSet = ByteSet::of(b"<=");

/// Whether the values stay the same while the rules of a phase run.
fn is_stable(link: &Link) -> bool {
    link.targets.included.iter().all(|target| {
        let changes = target.variable.is_writable()
            || matches!(
                target.variable,
                Variable::MatchedVar
                    | Variable::MatchedVarName
                    | Variable::MatchedVars
                    | Variable::MatchedVarsNames
                    | Variable::HighestSeverity
                    | Variable::ReqbodyProcessor
                    | Variable::SessionId
                    | Variable::UserId
                    | Variable::Rule
            );
        !changes
    })
}

/// Links with the same key look at the same values, but for those they exclude: to let a value pass
/// that is excluded costs a little and changes nothing.
fn list_key(phase: u8, link: &Link) -> String {
    let included: String =
        link.targets.included.iter().map(|target| format!("{target:?};")).collect();
    format!("{phase}|{included}")
}
