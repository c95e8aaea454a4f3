//! Runs the rules of a phase in their order.

use super::gated::{Mode, Passed};
use super::matched::Matched;
use super::report::{Budget, MATCHES_PER_RULE_LIMIT, Outcome};
use super::state::State;
use super::texts::TextId;
use super::values::Found;
use crate::actions::AllowScope;
use crate::operators::{Captured, Captures, Operator};
use crate::plan::RuleSet;
use crate::plan::rule::{Jump, Link, Rule, Step, Test};
use crate::seclang::settings::EngineMode;
use crate::variables::{Selector, Target, Variable};

/// What asking an operator costs beside the bytes it looks at.
const ASKING_COST: u64 = 64;

/// What a match costs: it acts and is reported.
const MATCH_COST: u64 = 384;

/// Buffers that are used again for every link.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(super) found: Vec<Found>,
    argument: Vec<u8>,
    captures: Captures,
    /// The values of one multi-match, unchanged ones once.
    pub(super) variants: Vec<TextId>,
    /// What the links of the current rule matched, for its report.
    matches: Vec<Matched>,
}

impl State {
    /// Runs a phase, 1 to 5.
    pub(super) fn run(&mut self, rules: &RuleSet, phase: u8) -> Outcome {
        if self.switches.engine == EngineMode::Off || self.is_allowed(phase) {
            return Outcome::Pass;
        }
        let Some(program) =
            usize::from(phase).checked_sub(1).and_then(|index| rules.programs.get(index))
        else {
            return Outcome::Pass;
        };
        let mut workspace = std::mem::take(&mut self.workspace);
        self.prepare_gates(rules, phase, program.len());
        let outcome = self.steps(rules, phase, program, &mut workspace);
        self.workspace = workspace;
        if let Some(outcome) = outcome {
            return outcome;
        }
        if self.switches.allow == Some(AllowScope::Phase) {
            self.switches.allow = None;
        }
        match &self.interruption {
            // Told once, at the end of the phase that it would have ended.
            Some(would) if self.goes_on && would.phase == phase && phase < 5 => {
                Outcome::Interrupted(would.clone())
            }
            _ => Outcome::Pass,
        }
    }

    /// Runs the steps of a phase; says how it ended when not with the last one.
    fn steps(
        &mut self,
        rules: &RuleSet,
        phase: u8,
        program: &[Step],
        workspace: &mut Workspace,
    ) -> Option<Outcome> {
        let mut position = 0;
        while let Some(next) = self.known.steps.next_from(position)
            && let Some(step) = program.get(next)
        {
            position = next + 1;
            let runs =
                self.can_match(rules, phase, step) && !self.switches.removed_rules.has(step.rule);
            if runs && let Some(next) = self.step(rules, step, workspace) {
                position = next.max(position);
            }
            if let Some(budget) = self.exhausted() {
                return Some(Outcome::OverBudget(budget));
            }
            if !runs {
                continue;
            }
            if let Some(interruption) = &self.interruption
                && phase < 5
                && !self.goes_on
            {
                return Some(Outcome::Interrupted(interruption.clone()));
            }
            if self.switches.engine == EngineMode::Off || self.switches.allow.is_some() {
                break;
            }
        }
        None
    }

    fn is_allowed(&self, phase: u8) -> bool {
        match self.switches.allow {
            Some(AllowScope::Everything) => phase < 5,
            Some(AllowScope::Request) => phase <= 2,
            _ => false,
        }
    }

    pub(super) fn exhausted(&mut self) -> Option<Budget> {
        self.watch.spend(self.texts.take_work());
        if self.texts.is_full() {
            return Some(Budget::Memory);
        }
        self.watch.exhausted()
    }

    /// Runs one rule; gives where to go on when it jumps.
    fn step(&mut self, rules: &RuleSet, step: &Step, workspace: &mut Workspace) -> Option<usize> {
        let rule = rules.rules.get(step.rule)?;
        self.matched.clear();
        workspace.matches.clear();
        let first = self.decided(step, rule, workspace);
        for index in first..rule.links.len() {
            if !self.link(rules, step.rule, index, workspace) {
                return None;
            }
        }
        self.full_match(rules, step.rule, rule, &workspace.matches);
        match step.jump {
            Jump::To(position) => Some(position),
            Jump::Next => None,
        }
    }

    /// Carries out the first link of a rule when its test, which said yes, leaves nothing to ask. Says
    /// how many links are done.
    fn decided(&mut self, step: &Step, rule: &Rule, workspace: &mut Workspace) -> usize {
        let Some(link) = rule.links.first().filter(|link| link.targets.excluded.is_empty()) else {
            return 0;
        };
        let mut removed = self.switches.removed_targets.iter();
        if self.mode != Mode::Gated || removed.any(|(rules, _)| rules.has(step.rule)) {
            return 0;
        }
        let found = match (step.test, link.targets.included.as_slice()) {
            (Test::Number { slot, .. }, _) => self.tx.at(slot),
            (Test::Count { slot, .. }, [Target { selector: Selector::Slot(_, name), .. }]) => {
                let count = self.number(self.tx.at(slot).is_some().into());
                Some((self.texts.add(name), count))
            }
            _ => None,
        };
        let Some((name, text)) = found else { return 0 };
        self.watch.spend(ASKING_COST + MATCH_COST);
        workspace.captures.groups.clear();
        let found = Found { variable: Variable::Tx, name: Some(name), text };
        self.one_match(rule, (0, link), (found, text), workspace);
        1
    }

    /// Asks one link of all its values; every match acts at once. Says whether there was one.
    fn link(
        &mut self,
        rules: &RuleSet,
        number: usize,
        index: usize,
        workspace: &mut Workspace,
    ) -> bool {
        let Some(rule) = rules.rules.get(number) else { return false };
        let Some(link) = rule.links.get(index) else { return false };
        if link.targets.included.is_empty() {
            self.carry_out(&link.effects, rule);
            return true;
        }
        let mut found = std::mem::take(&mut workspace.found);
        found.clear();
        self.values_of(rules, rule.phase, link, (index == 0).then_some(number), &mut found);
        if !found.is_empty() {
            workspace.argument.clear();
            if let Some(template) = link.question.operator.template() {
                self.expand(template, rule, &mut workspace.argument);
            }
        }
        let mut any = false;
        for value in &found {
            if self.exhausted().is_some() {
                break;
            }
            let passed = self.value_passes(rules, rule, link, value.text);
            if passed == Passed::No {
                continue;
            }
            if self.value(rules, rule, (index, link), *value, workspace) {
                any = true;
            } else {
                self.rule_out(value.text, passed);
            }
        }
        workspace.found = found;
        any
    }

    /// Asks one link of one value, in full. Says whether it matched.
    fn value(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        (index, link): (usize, &Link),
        value: Found,
        workspace: &mut Workspace,
    ) -> bool {
        let mut any = false;
        self.variants(rules, link, value.text, &mut workspace.variants);
        for variant in 0..workspace.variants.len() {
            let Some(text) = workspace.variants.get(variant).copied() else { continue };
            if self.exhausted().is_some() {
                break;
            }
            if self.text_passes(rules, rule, link, text) && self.ask(link, text, workspace) {
                any = true;
                self.watch.spend(MATCH_COST);
                let found = Found { text, ..value };
                self.one_match(rule, (index, link), (found, value.text), workspace);
            }
        }
        any
    }

    /// The texts the operator is asked of: the transformed one, or with `multiMatch` every step of
    /// the way that changed something.
    pub(super) fn variants(
        &mut self,
        rules: &RuleSet,
        link: &Link,
        text: TextId,
        out: &mut Vec<TextId>,
    ) {
        out.clear();
        let Some(chain) = rules.chains.get(link.chain) else { return out.push(text) };
        if !link.multi_match {
            out.push(self.texts.transform(text, chain));
            return;
        }
        out.push(text);
        let mut current = text;
        for position in 0..chain.transformations.len() {
            let next = self.texts.step(current, chain, position);
            if next != current {
                out.push(next);
            }
            current = next;
        }
    }

    fn ask(&mut self, link: &Link, text: TextId, workspace: &mut Workspace) -> bool {
        workspace.captures.groups.clear();
        if let Operator::ByteRange(allowed) = &link.question.operator {
            // The bytes of a text are known once, whatever the ranges.
            return self.texts.mask(text).is_within(*allowed) == link.question.negated;
        }
        let value = self.texts.get(text);
        self.watch.spend(value.len() as u64);
        if link.question.operator.surely_misses(value) {
            return link.question.negated;
        }
        self.watch.spend(ASKING_COST);
        workspace.captures.work = 0;
        workspace.captures.allowance = self.watch.work_left();
        let found =
            link.question.operator.matches(&workspace.argument, value, &mut workspace.captures);
        self.watch.spend(workspace.captures.work);
        found != link.question.negated
    }

    fn one_match(
        &mut self,
        rule: &Rule,
        (index, link): (usize, &Link),
        (found, original): (Found, TextId),
        workspace: &mut Workspace,
    ) {
        let captures = &workspace.captures;
        if link.capture && !link.question.negated {
            self.keep_captures(captures, found.text);
        }
        self.matched.push(found);
        if rule.is_told && workspace.matches.len() < MATCHES_PER_RULE_LIMIT {
            let span = captures.whole().filter(|_| !link.question.negated);
            workspace.matches.push(Matched { link: index, found, original, span });
        }
        self.carry_out(&link.effects, rule);
    }

    /// `TX:0` to `TX:9` become what was captured; groups that took no part go.
    fn keep_captures(&mut self, captures: &Captures, text: TextId) {
        if captures.groups.is_empty() {
            return;
        }
        self.groups = [None; Captures::LIMIT];
        for (index, captured) in &captures.groups {
            let bytes = match captured {
                Captured::Span(range) => {
                    self.texts.get(text).get(range.clone()).unwrap_or_default().to_vec()
                }
                Captured::Text(text) => text.to_vec(),
            };
            let kept = self.texts.add(&bytes);
            if let Some(slot) = self.groups.get_mut(*index) {
                *slot = Some(kept);
            }
        }
    }
}
