//! Passes over rules that no value can match, without asking them.

use super::evaluate::Workspace;
use super::state::State;
use super::texts::TextId;
use crate::plan::RuleSet;
use crate::plan::gates::Group;
use crate::plan::rule::{Link, Rule};
use crate::transformations::ByteSet;

/// The values of a list of targets, the same for all rules of a phase.
#[derive(Debug)]
pub(super) struct ListValues {
    texts: Vec<TextId>,
    /// The bytes that occur in any of them.
    mask: ByteSet,
    has_empty: bool,
    /// Where the row begins that says what can match them untransformed.
    row: usize,
}

/// What is known of the values of a phase.
#[derive(Debug, Default)]
pub(super) struct Known {
    lists: Vec<Option<ListValues>>,
    /// Where the row of each group begins.
    groups: Vec<Option<usize>>,
    words: Vec<u64>,
    /// The rows of texts are of the gate for answers, not of that for requests.
    of_answers: bool,
}

impl State {
    /// Forgets what was known of the values of the phase before.
    pub(super) fn prepare_gates(&mut self, rules: &RuleSet, phase: u8) {
        let known = &mut self.known;
        known.lists.clear();
        known.lists.resize_with(rules.gates.lists, || None);
        known.groups.clear();
        known.groups.resize(rules.gates.groups.len(), None);
        known.words.clear();
        if known.of_answers != (phase > 2) {
            known.of_answers = phase > 2;
            self.texts.forget_rows();
        }
    }

    /// Whether any value may match the first link of a rule.
    pub(super) fn can_match(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        workspace: &mut Workspace,
    ) -> bool {
        let Some(link) = rule.links.first() else { return false };
        let Some(gated) = link.gated.filter(|_| !self.is_naive) else { return true };
        let Some(number) = gated.group else { return true };
        let start = match self.known.groups.get(number).copied().flatten() {
            Some(start) => start,
            None => self.group_row(rules, rule.phase, number, link, workspace),
        };
        let word = self.known.words.get(start + gated.question / 64);
        word.is_some_and(|word| word >> (gated.question % 64) & 1 == 1)
    }

    /// Which questions can match any of the values that a group looks at: where the row begins.
    fn group_row(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        number: usize,
        link: &Link,
        workspace: &mut Workspace,
    ) -> usize {
        let Some(group) = rules.gates.groups.get(number).copied() else { return usize::MAX };
        let list = match self.known.lists.get_mut(group.list).and_then(Option::take) {
            Some(list) => list,
            None => self.list(rules, phase, link, workspace),
        };
        let chain = rules.chains.get(group.chain);
        let changes = chain.is_some_and(|chain| {
            list.mask.meets(chain.trigger) || (chain.changes_empty && list.has_empty)
        });
        let start =
            if changes { self.transformed_row(rules, phase, group, &list.texts) } else { list.row };
        if let Some(slot) = self.known.lists.get_mut(group.list) {
            *slot = Some(list);
        }
        if let Some(slot) = self.known.groups.get_mut(number) {
            *slot = Some(start);
        }
        start
    }

    fn list(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        link: &Link,
        workspace: &mut Workspace,
    ) -> ListValues {
        let mut found = std::mem::take(&mut workspace.found);
        found.clear();
        for target in &link.targets.included {
            self.resolve_one(target.variable, &target.selector, &mut found);
        }
        let row = self.empty_row(rules, phase);
        let mut list = ListValues {
            texts: Vec::with_capacity(found.len()),
            mask: ByteSet::default(),
            has_empty: false,
            row,
        };
        for value in &found {
            list.mask = list.mask.and(self.texts.mask(value.text));
            list.has_empty |= self.texts.length(value.text) == 0;
            list.texts.push(value.text);
            self.add_row(rules, phase, value.text, row);
        }
        workspace.found = found;
        list
    }

    fn transformed_row(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        group: Group,
        texts: &[TextId],
    ) -> usize {
        let row = self.empty_row(rules, phase);
        let Some(chain) = rules.chains.get(group.chain) else { return row };
        for text in texts {
            if !group.multi_match {
                let last = self.texts.transform(*text, chain);
                self.add_row(rules, phase, last, row);
                continue;
            }
            let mut current = *text;
            self.add_row(rules, phase, current, row);
            for transformation in &chain.transformations {
                current = self.texts.step(current, *transformation);
                self.add_row(rules, phase, current, row);
            }
        }
        row
    }

    fn empty_row(&mut self, rules: &RuleSet, phase: u8) -> usize {
        let start = self.known.words.len();
        self.known.words.resize(start + rules.gates.of_phase(phase).words(), 0);
        start
    }

    /// Adds the questions that can match a text to a row.
    fn add_row(&mut self, rules: &RuleSet, phase: u8, text: TextId, row: usize) {
        let start = self.row(rules, phase, text);
        let own = self.texts.row_words(start, rules.gates.of_phase(phase).words());
        let all = self.known.words.get_mut(row..).unwrap_or_default();
        for (word, more) in all.iter_mut().zip(own) {
            *word |= more;
        }
    }

    /// Whether a link's question may match this text.
    pub(super) fn passes_gate(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        link: &Link,
        text: TextId,
    ) -> bool {
        let Some(gated) = link.gated.filter(|_| !self.is_naive) else { return true };
        let start = self.row(rules, phase, text);
        let row = self.texts.row_words(start, rules.gates.of_phase(phase).words());
        row.get(gated.question / 64).is_some_and(|word| word >> (gated.question % 64) & 1 == 1)
    }

    fn row(&mut self, rules: &RuleSet, phase: u8, text: TextId) -> usize {
        let (start, is_new) = self.texts.row_of(text, rules.gates.of_phase(phase));
        if is_new {
            self.work_left = self.work_left.saturating_sub(self.texts.length(text) as u64);
        }
        start
    }
}
