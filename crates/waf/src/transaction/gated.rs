//! Passes over rules that no value can match, without asking them.

use super::evaluate::Workspace;
use super::state::State;
use super::texts::TextId;
use crate::plan::RuleSet;
use crate::plan::rule::{Link, Rule};

impl State {
    /// Forgets what was known of the values of the phase before.
    pub(super) fn prepare_gates(&mut self, rules: &RuleSet, phase: u8) {
        self.groups_rows.clear();
        self.groups_rows.resize(rules.gates.groups, None);
        let answers = phase > 2;
        if self.gate_of_answers != answers {
            self.gate_of_answers = answers;
            self.texts.forget_rows();
        }
    }

    /// Whether any value may match the first link of a rule.
    pub(super) fn can_match(&mut self, rules: &RuleSet, rule: &Rule, workspace: &mut Workspace) -> bool {
        let Some(link) = rule.links.first() else { return false };
        let Some(gated) = link.gated.filter(|_| !self.is_naive) else { return true };
        let Some(group) = gated.group else { return true };
        if self.groups_rows.get(group).is_some_and(Option::is_none) {
            let row = self.group_row(rules, rule.phase, link, workspace);
            if let Some(slot) = self.groups_rows.get_mut(group) {
                *slot = Some(row);
            }
        }
        let row = self.groups_rows.get(group).and_then(Option::as_deref);
        row.is_none_or(|row| has(row, gated.question))
    }

    /// Which questions can match any of the values that a link looks at.
    fn group_row(&mut self, rules: &RuleSet, phase: u8, link: &Link, workspace: &mut Workspace) -> Box<[u64]> {
        let words = rules.gates.of_phase(phase).words();
        let mut all = vec![0_u64; words].into_boxed_slice();
        let mut found = std::mem::take(&mut workspace.found);
        found.clear();
        self.resolve(&link.targets, None, &mut found);
        for value in &found {
            self.variants(rules, link, value.text, &mut workspace.variants);
            for text in &workspace.variants {
                let start = self.row(rules, phase, *text);
                for (word, more) in all.iter_mut().zip(self.texts.row_words(start, words)) {
                    *word |= more;
                }
            }
        }
        workspace.found = found;
        all
    }

    /// Whether a link's question may match this text.
    pub(super) fn passes_gate(&mut self, rules: &RuleSet, phase: u8, link: &Link, text: TextId) -> bool {
        let Some(gated) = link.gated.filter(|_| !self.is_naive) else { return true };
        let start = self.row(rules, phase, text);
        has(self.texts.row_words(start, rules.gates.of_phase(phase).words()), gated.question)
    }

    fn row(&mut self, rules: &RuleSet, phase: u8, text: TextId) -> usize {
        let (start, is_new) = self.texts.row_of(text, rules.gates.of_phase(phase));
        if is_new {
            self.work_left = self.work_left.saturating_sub(self.texts.length(text) as u64);
        }
        start
    }
}

fn has(row: &[u64], number: usize) -> bool {
    row.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
}
