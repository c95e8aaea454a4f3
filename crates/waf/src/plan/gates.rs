//! Which links stand in the gates, and in what order their values are looked at.
//!
//! There are four gates: for the phases of the request and those of the answer, each for the rules
//! that an ordinary request reaches and for those it does not (those of a higher paranoia level,
//! say), so that the former do not pay for the latter. A guess that is wrong costs time, no result.

use std::collections::HashMap;

use super::bits::Bits;
use super::gate::Gate;
use super::required::{ALPHABETS, Required};
use super::rule::{Chain, Gated, Link, Rule};
use crate::operators::Operator;
use crate::operators::text::Relation;
use crate::transformations::ByteSet;
use crate::variables::{Target, Variable};

/// How many classes a side may have that are looked at one by one; the last one holds all others.
const CLASSES: usize = 64;

/// Links that look at their values through the same transformations.
#[derive(Debug)]
pub(crate) struct Class {
    /// Its bit among the classes that are known of a text.
    pub(crate) bit: usize,
    /// The gate of its side.
    pub(crate) gate: usize,
    /// The position of the transformations in the rule set.
    pub(crate) chain: usize,
    /// Every step of the transformations counts.
    pub(crate) multi_match: bool,
    /// The questions of these links, by their number in the gate.
    pub(crate) questions: Bits,
    /// The length of the shortest text that any of them can match.
    pub(crate) shortest: usize,
}

/// The gates of the request, or those of the answer.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// For the rules that an ordinary request reaches, and for the others.
    pub(crate) gates: [Gate; 2],
    pub(crate) classes: Vec<Class>,
    /// For each byte the classes that may change a text with it, as bits.
    changing: Box<[u64]>,
    /// The classes that may change an empty text.
    changing_empty: u64,
}

impl Side {
    /// Words of a row of both gates.
    pub(crate) const fn words(&self) -> usize {
        let [first, second] = &self.gates;
        first.words() + second.words()
    }

    /// All questions of these classes, by their number in each gate.
    pub(crate) fn questions(&self, classes: u64) -> [Bits; 2] {
        let mut questions = <[Bits; 2]>::default();
        for class in self.classes.iter().filter(|class| classes >> class.bit & 1 == 1) {
            if let Some(questions) = questions.get_mut(class.gate) {
                questions.extend(&class.questions);
            }
        }
        questions
    }

    /// The classes whose transformations may change a text of these bytes, as bits.
    pub(crate) fn changing(&self, mask: ByteSet) -> u64 {
        let of = |byte: u8| self.changing.get(usize::from(byte)).copied().unwrap_or_default();
        let empty = if mask.is_empty() { self.changing_empty } else { 0 };
        mask.bytes().fold(empty, |all, byte| all | of(byte))
    }

    fn find_changing(&mut self, chains: &[Chain]) {
        let mut changing = vec![0; 256];
        for class in &self.classes {
            let Some(chain) = chains.get(class.chain) else { continue };
            let bit = 1 << class.bit;
            for (byte, classes) in (0..=u8::MAX).zip(&mut changing) {
                if chain.trigger.has(byte) {
                    *classes |= bit;
                }
            }
            if chain.changes_empty {
                self.changing_empty |= bit;
            }
        }
        self.changing = changing.into();
    }

    /// Where the words of a gate begin in a row of both.
    pub(crate) const fn offset(&self, gate: usize) -> usize {
        let [first, _] = &self.gates;
        if gate == 0 { 0 } else { first.words() }
    }
}

/// A list of targets that several links share.
#[derive(Debug)]
pub(crate) struct List {
    /// The classes of the links, as bits.
    pub(crate) classes: u64,
    /// The parts that its values come from.
    pub(crate) parts: Vec<usize>,
    /// The steps whose first link has it: their positions in the phase, and their bits in its row.
    pub(crate) steps: Vec<(usize, usize)>,
}

/// A target of one or more lists.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) target: Target,
    /// The classes of the lists that an ordinary request reaches, as bits: what is found out of a value
    /// for one of them is found out for all.
    pub(crate) usual: u64,
    /// All questions of these classes, by their number in each gate.
    pub(crate) questions: [Bits; 2],
    is_of_answer: bool,
}

/// The gates of a rule set.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    request: Side,
    answer: Side,
    /// The lists of targets whose values stay the same for a phase.
    pub(crate) lists: Vec<List>,
    /// The targets of these lists, each once for the request and once for the answer.
    pub(crate) parts: Vec<Part>,
}

/// The conditions of all links, in the order of the rules and their links.
#[derive(Debug)]
pub(super) struct Conditions(Vec<Option<[Required; ALPHABETS.len()]>>);

impl Conditions {
    /// Finds them, and marks the links that have one.
    pub(super) fn of(rules: &mut [Rule]) -> Self {
        let mark = |link: &mut Link| {
            let condition = condition(link);
            link.gated = condition.is_some().then_some(Gated { gate: 0, question: 0 });
            condition
        };
        Self(rules.iter_mut().flat_map(|rule| &mut rule.links).map(mark).collect())
    }
}

/// A class of a draft: its gate, transformations and whether every step counts, then its number and
/// its questions.
type Grouped = ((usize, usize, bool), (usize, Vec<usize>));

#[derive(Default)]
struct Draft {
    conditions: [Vec<[Required; ALPHABETS.len()]>; 2],
    /// The questions of each class, by gate, transformations and whether every step counts.
    classes: HashMap<(usize, usize, bool), (usize, Vec<usize>)>,
}

impl Draft {
    fn compile(self, is_request: bool) -> Side {
        let counts = self.conditions.each_ref().map(Vec::len);
        let class = |((gate, chain, multi_match), (number, members)): Grouped| {
            let mut questions = Bits::with_room(counts.get(gate).copied().unwrap_or_default());
            let own = self.conditions.get(gate);
            let lengths =
                members.iter().filter_map(|member| Some(own?.get(*member)?.last()?.length));
            let shortest = lengths.min().unwrap_or_default();
            members.into_iter().for_each(|member| questions.add(member));
            Class { bit: number.min(CLASSES - 1), gate, chain, multi_match, questions, shortest }
        };
        let mut classes: Vec<Class> = self.classes.into_iter().map(class).collect();
        classes.sort_by_key(|class| class.bit);
        let [usual, others] = &self.conditions;
        let gates = [Gate::compile(usual, is_request), Gate::compile(others, false)];
        Side { gates, classes, ..Side::default() }
    }
}

/// Targets that are met while rules get their places.
#[derive(Default)]
struct Parts {
    known: HashMap<String, usize>,
    all: Vec<Part>,
}

impl Parts {
    /// The parts of these targets.
    fn of(&mut self, is_answer: bool, targets: &[Target]) -> Vec<usize> {
        let mut one = |target: &Target| {
            let count = self.all.len();
            let key = format!("{is_answer}|{target:?}");
            let number = *self.known.entry(key).or_insert(count);
            if number == count {
                let questions = <[Bits; 2]>::default();
                let target = target.clone();
                self.all.push(Part { target, usual: 0, questions, is_of_answer: is_answer });
            }
            number
        };
        targets.iter().map(&mut one).collect()
    }

    fn add_usual(&mut self, list: &List) {
        for part in &list.parts {
            if let Some(part) = self.all.get_mut(*part) {
                part.usual |= list.classes;
            }
        }
    }
}

impl Gates {
    /// Gives every link its place; `ordinary` are the rules that an ordinary request reaches.
    pub(super) fn assign(
        rules: &mut [Rule],
        chains: &[Chain],
        conditions: Conditions,
        ordinary: &Bits,
    ) -> Self {
        let mut conditions = conditions.0.into_iter();
        let mut drafts = [Draft::default(), Draft::default()];
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut lists: Vec<List> = Vec::new();
        let mut parts = Parts::default();
        for (number, rule) in rules.iter_mut().enumerate() {
            let [request, answer] = &mut drafts;
            let draft = if rule.phase <= 2 { request } else { answer };
            let gate = usize::from(!ordinary.has(number));
            for link in &mut rule.links {
                let condition = conditions.next().flatten();
                if is_stable(link) {
                    let count = lists.len();
                    let key = list_key(rule.phase, gate, link);
                    let list = *known.entry(key).or_insert(count);
                    if list == count {
                        let parts = parts.of(rule.phase > 2, &link.targets.included);
                        lists.push(List { classes: 0, parts, steps: Vec::new() });
                    }
                    link.list = Some(list);
                }
                let Some(condition) = condition else { continue };
                let Some(own) = draft.conditions.get_mut(gate) else { continue };
                let question = own.len();
                own.push(condition);
                link.gated = Some(Gated { gate, question });
                if let Some(list) = link.list.and_then(|list| lists.get_mut(list)) {
                    let count = draft.classes.len();
                    let class = (gate, link.chain, link.multi_match);
                    let (class, members) =
                        draft.classes.entry(class).or_insert_with(|| (count, Vec::new()));
                    members.push(question);
                    list.classes |= 1 << (*class).min(CLASSES - 1);
                    if gate == 0 {
                        parts.add_usual(list);
                    }
                }
            }
        }
        let [request, answer] = drafts;
        let (mut request, mut answer) = (request.compile(true), answer.compile(false));
        request.find_changing(chains);
        answer.find_changing(chains);
        for part in &mut parts.all {
            let side = if part.is_of_answer { &answer } else { &request };
            part.questions = side.questions(part.usual);
        }
        Self { request, answer, lists, parts: parts.all }
    }

    /// The gates of a phase.
    pub(crate) const fn of_phase(&self, phase: u8) -> &Side {
        if phase <= 2 { &self.request } else { &self.answer }
    }
}

/// What a value must have for the link to match, in each alphabet. `None`: nothing that can be said ahead.
///
/// INVARIANT: whether a link with a condition matches depends on the text alone: what a gate says of
/// a text is kept beyond the transaction.
fn condition(link: &Link) -> Option<[Required; ALPHABETS.len()]> {
    if link.question.negated || link.targets.included.iter().any(|target| target.count) {
        return None;
    }
    Some(match &link.question.operator {
        Operator::Rx(rx) => Required::of_pattern(&rx.translated),
        Operator::Pm(pm) => Required::of_phrases(&pm.phrases),
        Operator::DetectSqli => Required::of_set(SQL_BYTES),
        Operator::DetectXss => Required::of_set(MARKUP_BYTES),
        Operator::Text(relation, template) => match relation {
            Relation::BeginsWith
            | Relation::Contains
            | Relation::ContainsWord
            | Relation::EndsWith
            | Relation::Equals => Required::of_literal(template.literal()?),
            Relation::Within => return None,
        },
        Operator::ByteRange(allowed) => Required::of_set(allowed.but()),
        Operator::UrlEncoding => Required::of_set(ByteSet::of(b"%")),
        Operator::Utf8Encoding => Required::of_set(ByteSet::high()),
        Operator::Always
        | Operator::Never
        | Operator::IpMatch(_)
        | Operator::Number(..)
        | Operator::Digits(..) => return None,
    })
}

/// One word is no SQL.
const SQL_BYTES: ByteSet = ByteSet::not_alphanumeric();

/// A tag begins with `<`, and an attribute has its value after `=`.
const MARKUP_BYTES: ByteSet = ByteSet::of(b"<=");

/// Whether the values stay the same while the rules of a phase run.
fn is_stable(link: &Link) -> bool {
    let included = &link.targets.included;
    let is_stable = |target: &Target| {
        let changes = target.count
            || target.variable.is_writable()
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
    };
    !included.is_empty() && included.iter().all(is_stable)
}

/// Links with the same key look at the same values, but for those they exclude: to let a value pass
/// that is excluded costs a little and changes nothing.
fn list_key(phase: u8, gate: usize, link: &Link) -> String {
    let included: String =
        link.targets.included.iter().map(|target| format!("{target:?};")).collect();
    format!("{phase}|{gate}|{included}")
}
