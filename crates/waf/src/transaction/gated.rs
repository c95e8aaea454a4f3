//! Passes over rules that no value can match, without asking them.

use super::state::State;
use super::texts::TextId;
use super::values::Found;
use crate::operators::number::whole;
use crate::plan::RuleSet;
use crate::plan::gates::{Class, List, Side};
use crate::plan::rule::{Link, Rule, Step, Test};

/// What it costs to look up what can match one value of a list.
const LOOK_COST: u64 = 2;

/// What is known of the values of a list of targets.
#[derive(Debug, Clone, Copy, Default)]
struct ListValues {
    /// Where its values begin and end. `None`: they are not known yet.
    values: Option<(usize, usize)>,
    /// Where its row begins. `None`: it is not known yet.
    row: Option<usize>,
}

/// What is known of the values of a phase.
#[derive(Debug, Default)]
pub(crate) struct Known {
    lists: Vec<ListValues>,
    /// The values of the lists, one list after another.
    values: Vec<Found>,
    words: Vec<u64>,
    /// The rows of texts are of the gates for answers, not of those for requests.
    of_answers: bool,
}

impl Known {
    /// Nothing is known of a new transaction.
    pub(super) fn renew(&mut self) {
        self.lists.clear();
        self.values.clear();
        self.words.clear();
        self.of_answers = false;
    }
}

/// How rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Those that can match.
    Gated,
    /// All of them, in full: slow, for comparing.
    Naive,
    /// Those without a condition on their values; the others are taken not to match.
    Probe,
}

impl State {
    /// Forgets what was known of the values of the phase before.
    pub(super) fn prepare_gates(&mut self, rules: &RuleSet, phase: u8) {
        let known = &mut self.known;
        known.lists.clear();
        known.lists.resize(rules.gates.lists.len(), ListValues::default());
        known.values.clear();
        known.words.clear();
        if known.of_answers != (phase > 2) {
            known.of_answers = phase > 2;
            self.texts.forget_rows();
        }
    }

    /// Whether the first link of a step's rule may match.
    pub(super) fn can_match(&mut self, rules: &RuleSet, phase: u8, step: &Step) -> bool {
        match self.mode {
            Mode::Gated => {}
            Mode::Naive => return true,
            Mode::Probe => {
                self.visited.add(step.rule);
                let rule = rules.rules.get(step.rule);
                return rule
                    .and_then(|rule| rule.links.first())
                    .is_some_and(|it| it.gated.is_none());
            }
        }
        match step.test {
            Test::None => true,
            Test::List { list, bit } => {
                let start = match self.known.lists.get(list).and_then(|list| list.row) {
                    Some(start) => start,
                    None => self.list_row(rules, phase, list, step.rule),
                };
                has_bit(self.known.words.get(start..).unwrap_or_default(), bit)
            }
            Test::Number { slot, comparison, number, negated } => match self.tx.at(slot) {
                Some((_, text)) => {
                    comparison.holds_for(whole(self.texts.get(text)), number) != negated
                }
                None => false,
            },
            Test::Count { slot, comparison, number, negated } => {
                let count = i64::from(self.tx.at(slot).is_some());
                comparison.holds_for(count, number) != negated
            }
        }
    }

    /// Which questions can match any value of a list of targets: where the row begins.
    fn list_row(&mut self, rules: &RuleSet, phase: u8, number: usize, rule: usize) -> usize {
        let side = rules.gates.of_phase(phase);
        let link = rules.rules.get(rule).and_then(|rule| rule.links.first());
        let (Some(list), Some(link)) = (rules.gates.lists.get(number), link) else {
            return usize::MAX;
        };
        let (begin, end) = self.list_values(number, link);
        let start = self.known.words.len();
        self.known.words.resize(start + side.words(), 0);
        self.watch.spend(LOOK_COST.saturating_mul((end - begin) as u64));
        for index in begin..end {
            let Some(value) = self.known.values.get(index).copied() else { continue };
            let row = self.value_row(rules, side, value.text, list);
            let own = self.texts.known_row(row, side.words());
            let all = self.known.words.get_mut(start..).unwrap_or_default();
            for (word, more) in all.iter_mut().zip(own) {
                *word |= more;
            }
        }
        if let Some(known) = self.known.lists.get_mut(number) {
            known.row = Some(start);
        }
        start
    }

    /// Where the values of a list of targets begin and end, none excluded.
    fn list_values(&mut self, number: usize, link: &Link) -> (usize, usize) {
        if let Some(known) = self.known.lists.get(number).and_then(|list| list.values) {
            return known;
        }
        let mut values = std::mem::take(&mut self.known.values);
        let start = values.len();
        for target in &link.targets.included {
            self.resolve_one(target.variable, &target.selector, &mut values);
        }
        let place = (start, values.len());
        self.known.values = values;
        if let Some(known) = self.known.lists.get_mut(number) {
            known.values = Some(place);
        }
        place
    }

    /// Adds the values of a link's targets that are not excluded.
    pub(super) fn values_of(&mut self, link: &Link, rule: Option<usize>, out: &mut Vec<Found>) {
        match link.list {
            Some(number) => {
                let (start, end) = self.list_values(number, link);
                out.extend_from_slice(self.known.values.get(start..end).unwrap_or_default());
                self.exclude(&link.targets, rule, 0, out);
            }
            None => self.resolve(&link.targets, rule, out),
        }
    }

    /// Where the row of a value begins that says what can match what its transformations make of it,
    /// for all questions of a list.
    fn value_row(&mut self, rules: &RuleSet, side: &Side, text: TextId, list: &List) -> usize {
        let memo = (!self.known.of_answers).then_some(&rules.memo);
        let start = self.texts.value_row(text, side.words(), memo);
        let missing = list.classes & !self.texts.known_classes(start);
        if missing == 0 {
            return start;
        }
        // Most transformations change nothing: what can match is what can match the text itself.
        for (gate, questions) in list.questions.iter().enumerate() {
            if !questions.is_empty() {
                let row = self.gate_row(side, gate, text);
                self.texts.join(start, row, side.offset(gate), questions);
            }
        }
        let changing = missing & side.changing(self.texts.mask(text));
        if changing != 0 {
            for class in side.classes.iter().filter(|class| changing >> class.bit & 1 == 1) {
                self.add_class(rules, side, class, text, start);
            }
        }
        self.texts.know_classes(text, start, missing);
        start
    }

    /// Adds the questions of a class that can match what its transformations make of a text.
    fn add_class(
        &mut self,
        rules: &RuleSet,
        side: &Side,
        class: &Class,
        text: TextId,
        start: usize,
    ) {
        let Some(chain) = rules.chains.get(class.chain) else { return };
        self.texts.part(start, side.offset(class.gate), &class.questions);
        if !class.multi_match {
            let last = self.texts.transform(text, chain);
            let row = self.gate_row(side, class.gate, last);
            self.texts.join(start, row, side.offset(class.gate), &class.questions);
            return;
        }
        let mut current = text;
        for position in 0..=chain.transformations.len() {
            let row = self.gate_row(side, class.gate, current);
            self.texts.join(start, row, side.offset(class.gate), &class.questions);
            current = self.texts.step(current, chain, position);
        }
    }

    /// Where the row begins that says which questions of a gate can match a text as it is.
    fn gate_row(&mut self, side: &Side, gate: usize, text: TextId) -> usize {
        let Some(compiled) = side.gates.get(gate) else { return usize::MAX };
        let (start, is_new) = self.texts.gate_row(text, gate, compiled);
        if is_new {
            self.watch.spend(self.texts.length(text) as u64);
        }
        start
    }

    /// Whether a link's question may match a value, and where that is kept.
    pub(super) fn value_passes(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        link: &Link,
        text: TextId,
    ) -> Passed {
        let list = link.list.and_then(|list| rules.gates.lists.get(list));
        let (Some(gated), Some(list), Mode::Gated) = (link.gated, list, self.mode) else {
            return Passed::Yes;
        };
        let side = rules.gates.of_phase(rule.phase);
        let row = self.value_row(rules, side, text, list);
        let bit = side.offset(gated.gate) * 64 + gated.question;
        let passes = has_bit(self.texts.known_row(row, side.words()), bit);
        if passes { Passed::At { row, bit } } else { Passed::No }
    }

    /// Whether a link's question may match this text, for links whose values change while rules run.
    pub(super) fn text_passes(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        link: &Link,
        text: TextId,
    ) -> bool {
        let (Some(gated), None, Mode::Gated) = (link.gated, link.list, self.mode) else {
            return true;
        };
        let side = rules.gates.of_phase(rule.phase);
        let start = self.gate_row(side, gated.gate, text);
        self.texts.gate_bit(start, gated.question)
    }

    /// A value that passed did not match after all: it never will.
    pub(super) fn rule_out(&mut self, text: TextId, passed: Passed) {
        if let Passed::At { row, bit } = passed {
            self.texts.rule_out(text, row, bit);
        }
    }
}

/// Whether a value has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// It cannot match.
    No,
    /// It may.
    Yes,
    /// It may, as this bit of this row says.
    At { row: usize, bit: usize },
}

fn has_bit(words: &[u64], bit: usize) -> bool {
    words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
}
