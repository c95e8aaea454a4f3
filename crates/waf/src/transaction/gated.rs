//! Passes over rules that no value can match, without asking them.

use super::known::Known;
use super::rows::RowId;
use super::state::State;
use super::texts::{TextId, has_bit};
use super::values::Found;
use crate::operators::number::whole;
use crate::plan::gates::{Class, Side};
use crate::plan::rule::{Link, Rule, Step, Test};
use crate::plan::{Bits, RuleSet};

/// What it costs to look up what can match one value of a list.
const LOOK_COST: u64 = 2;

/// What it costs to see that a value need not be asked.
const VALUE_COST: u64 = 1;

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
    pub(super) fn prepare_gates(&mut self, rules: &RuleSet, phase: u8, steps: usize) {
        self.known.begin(rules.gates.lists.len(), rules.gates.parts.len(), steps);
        if self.known.of_answers != Some(phase > 2) {
            self.known.of_answers = Some(phase > 2);
            self.texts.renew_rows(&rules.gates.of_phase(phase).gates);
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
                let start = match self.known.lists.get(list).copied().flatten() {
                    Some(start) => start,
                    None => self.list_row(rules, phase, list),
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
    fn list_row(&mut self, rules: &RuleSet, phase: u8, number: usize) -> usize {
        let side = rules.gates.of_phase(phase);
        let Some(list) = rules.gates.lists.get(number) else { return usize::MAX };
        let start = self.known.words.len();
        self.known.words.resize(start + side.words(), 0);
        for part in &list.parts {
            self.find_row(rules, side, *part, list.classes);
            let Known { words, parts, .. } = &mut self.known;
            let own = parts.get(*part).map_or(&[][..], |part| &part.row);
            let all = words.get_mut(start..).unwrap_or_default();
            all.iter_mut().zip(own).for_each(|(word, more)| *word |= more);
        }
        let Known { words, lists, steps, .. } = &mut self.known;
        let row = words.get(start..).unwrap_or_default();
        for (position, _) in list.steps.iter().filter(|(_, bit)| !has_bit(row, *bit)) {
            steps.remove(*position);
        }
        if let Some(known) = lists.get_mut(number) {
            *known = Some(start);
        }
        start
    }

    /// Finds out what can match the values of a part, for all questions of these classes.
    fn find_row(&mut self, rules: &RuleSet, side: &Side, number: usize, classes: u64) {
        let (begin, end) = self.part_values(rules, number);
        let Some(part) = self.known.parts.get(number) else { return };
        if classes & !part.classes == 0 && !part.row.is_empty() {
            return;
        }
        let Some(compiled) = rules.gates.parts.get(number) else { return };
        // A list of rules that hardly any request reaches is no reason to look at what they need ahead.
        let more = if classes & compiled.usual != 0 { compiled.usual } else { 0 };
        let classes = classes | part.classes | more;
        let unusual = (classes != compiled.usual).then(|| side.questions(classes));
        let questions = unusual.as_ref().unwrap_or(&compiled.questions);
        self.watch.spend(LOOK_COST.saturating_mul((end - begin) as u64));
        for index in begin..end {
            let Some(value) = self.known.values.get(index).copied() else { continue };
            self.value_row(rules, side, value.text, (classes, questions));
            if self.exhausted().is_some() {
                break;
            }
        }
        self.sort_part(side, number, (begin, end), classes);
    }

    /// Sorts the values of a part by their rows.
    fn sort_part(
        &mut self,
        side: &Side,
        number: usize,
        (begin, end): (usize, usize),
        classes: u64,
    ) {
        let Known { parts, values, next, group_of, .. } = &mut self.known;
        let Some(part) = parts.get_mut(number) else { return };
        part.classes = classes;
        part.groups.clear();
        part.row.clear();
        part.row.resize(side.words(), 0);
        group_of.clear();
        group_of.resize(self.texts.known_count(), 0);
        next.resize(values.len().max(next.len()), 0);
        for index in begin..end {
            let Some(value) = values.get(index) else { continue };
            let Some(row) = self.texts.known(value.text) else { continue };
            let Some(slot) = group_of.get_mut(row.position()) else { continue };
            match part.groups.get_mut((*slot as usize).wrapping_sub(1)) {
                Some((_, _, last)) => {
                    link_to(next, *last, index);
                    *last = index;
                }
                None => {
                    part.groups.push((row, index, index));
                    *slot = u32::try_from(part.groups.len()).unwrap_or_default();
                    let own = self.texts.known_row(row);
                    part.row.iter_mut().zip(own).for_each(|(word, more)| *word |= more);
                }
            }
            link_to(next, index, index);
        }
    }

    /// Where the values of a part begin and end, none excluded.
    fn part_values(&mut self, rules: &RuleSet, number: usize) -> (usize, usize) {
        if let Some(known) = self.known.parts.get(number).and_then(|part| part.values) {
            return known;
        }
        let mut values = std::mem::take(&mut self.known.values);
        let start = values.len();
        if let Some(part) = rules.gates.parts.get(number) {
            self.resolve_one(part.target.variable, &part.target.selector, &mut values);
        }
        let place = (start, values.len());
        self.known.values = values;
        if let Some(part) = self.known.parts.get_mut(number) {
            part.values = Some(place);
        }
        place
    }

    /// Adds the values of a link's targets that are not excluded and that it may match.
    pub(super) fn values_of(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        link: &Link,
        rule: Option<usize>,
        out: &mut Vec<Found>,
    ) {
        let Some(list) = link.list.and_then(|number| rules.gates.lists.get(number)) else {
            self.resolve(&link.targets, rule, out);
            self.watch.spend(VALUE_COST.saturating_mul(out.len() as u64));
            return;
        };
        match (link.gated, self.mode) {
            (Some(gated), Mode::Gated) => {
                let side = rules.gates.of_phase(phase);
                let bit = side.offset(gated.gate) * 64 + gated.question;
                for part in &list.parts {
                    self.find_row(rules, side, *part, list.classes);
                    self.pick(*part, bit, out);
                }
            }
            _ => {
                for part in &list.parts {
                    let (begin, end) = self.part_values(rules, *part);
                    self.watch.spend(VALUE_COST.saturating_mul((end - begin) as u64));
                    out.extend_from_slice(self.known.values.get(begin..end).unwrap_or_default());
                }
            }
        }
        self.exclude(&link.targets, rule, 0, out);
    }

    /// Adds the values of a part whose rows have a bit, in their order.
    fn pick(&mut self, number: usize, bit: usize, out: &mut Vec<Found>) {
        let Known { parts, values, next, picked, .. } = &mut self.known;
        let Some(part) = parts.get(number).filter(|part| has_bit(&part.row, bit)) else { return };
        picked.clear();
        for (row, first, _) in &part.groups {
            if has_bit(self.texts.known_row(*row), bit) {
                let mut index = *first;
                picked.push(index);
                while let Some(after) = next.get(index).filter(|after| **after as usize != index) {
                    index = *after as usize;
                    picked.push(index);
                }
            }
        }
        let work = part.groups.len().saturating_add(picked.len());
        picked.sort_unstable();
        out.extend(picked.iter().filter_map(|index| values.get(*index)));
        self.watch.spend(VALUE_COST.saturating_mul(work as u64));
    }

    /// Finds the row of a text that says what can match what its transformations make of it, for all
    /// questions of some classes.
    fn value_row(
        &mut self,
        rules: &RuleSet,
        side: &Side,
        text: TextId,
        (classes, questions): (u64, &[Bits; 2]),
    ) {
        let known = self.texts.known(text);
        if known.is_some_and(|row| classes & !self.texts.known_classes(row) == 0) {
            return;
        }
        let memo = (self.known.of_answers == Some(false)).then_some(&rules.memo);
        let missing = classes & !self.texts.open_row(text, side.words(), memo);
        if missing != 0 {
            // Most transformations change nothing: what can match is what can match the text itself.
            for (gate, questions) in questions.iter().enumerate() {
                if !questions.is_empty() {
                    let row = self.gate_row(side, gate, text);
                    self.texts.join(gate, row, side.offset(gate), questions);
                }
            }
            let changing = missing & side.changing(self.texts.mask(text));
            if changing != 0 {
                for class in side.classes.iter().filter(|class| changing >> class.bit & 1 == 1) {
                    self.add_class(rules, side, class, text);
                }
            }
        }
        self.texts.close_row(text, missing);
    }

    /// Adds the questions of a class that can match what its transformations make of a text.
    fn add_class(&mut self, rules: &RuleSet, side: &Side, class: &Class, text: TextId) {
        let Some(chain) = rules.chains.get(class.chain) else { return };
        let offset = side.offset(class.gate);
        if !class.multi_match {
            let last = self.texts.transform(text, chain);
            if last != text {
                self.texts.part(offset, &class.questions);
                let row = self.gate_row(side, class.gate, last);
                self.texts.join(class.gate, row, offset, &class.questions);
            }
            return;
        }
        if self.texts.comes_to_little(text, chain, class.shortest) {
            return;
        }
        let mut current = text;
        for position in 0..chain.transformations.len() {
            let next = self.texts.step(current, chain, position);
            if next != current {
                let row = self.gate_row(side, class.gate, next);
                self.texts.join(class.gate, row, offset, &class.questions);
            }
            current = next;
        }
    }

    /// The row that says which questions of a gate can match a text as it is.
    fn gate_row(&mut self, side: &Side, gate: usize, text: TextId) -> RowId {
        let Some(compiled) = side.gates.get(gate) else { return RowId::default() };
        let (row, is_new) = self.texts.gate_row(text, gate, compiled);
        if is_new {
            self.watch.spend(self.texts.length(text) as u64);
        }
        row
    }

    /// Whether a link's question may match a value, and where that is kept.
    pub(super) fn value_passes(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        link: &Link,
        text: TextId,
    ) -> Passed {
        let (Some(gated), Some(_), Mode::Gated) = (link.gated, link.list, self.mode) else {
            return Passed::Yes;
        };
        let side = rules.gates.of_phase(rule.phase);
        let bit = side.offset(gated.gate) * 64 + gated.question;
        // The same text may have been asked as another value.
        let row = self.texts.known(text);
        let passes = row.is_none_or(|row| has_bit(self.texts.known_row(row), bit));
        if passes { Passed::At { bit } } else { Passed::No }
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
        let row = self.gate_row(side, gated.gate, text);
        self.texts.gate_bit(gated.gate, row, gated.question)
    }

    /// A value that passed did not match after all: it never will.
    pub(super) fn rule_out(&mut self, text: TextId, passed: Passed) {
        if let Passed::At { bit } = passed {
            self.texts.rule_out(text, bit);
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
    /// It may, as this bit of its row says.
    At { bit: usize },
}

/// The value after this one is that one.
fn link_to(next: &mut [u32], from: usize, to: usize) {
    if let Some(slot) = next.get_mut(from) {
        *slot = u32::try_from(to).unwrap_or_default();
    }
}
