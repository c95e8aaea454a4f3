//! Runs the rules of a phase in their order.

use std::sync::Arc;

use super::report::{
    Budget, Interruption, InterruptionAction, MATCHES_PER_RULE_LIMIT, MatchedRule, Outcome,
    RULES_LIMIT, RuleMatch, VALUE_LIMIT_BYTES,
};
use super::state::State;
use super::texts::TextId;
use super::values::Found;
use crate::actions::AllowScope;
use crate::operators::{Captured, Captures, Operator};
use crate::plan::RuleSet;
use crate::plan::rule::{Disruption, Jump, Link, Rule, Step};
use crate::seclang::settings::EngineMode;

/// What asking an operator costs beside the bytes it looks at.
const ASKING_COST: u64 = 16;

/// Buffers that are used again for every link.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub(super) found: Vec<Found>,
    argument: Vec<u8>,
    captures: Captures,
    /// The values of one multi-match, unchanged ones once.
    pub(super) variants: Vec<TextId>,
}

impl State {
    /// Runs a phase, 1 to 5.
    pub(super) fn run(&mut self, rules: &Arc<RuleSet>, phase: u8) -> Outcome {
        if self.switches.engine == EngineMode::Off || self.is_allowed(phase) {
            return Outcome::Pass;
        }
        let Some(program) =
            usize::from(phase).checked_sub(1).and_then(|index| rules.programs.get(index))
        else {
            return Outcome::Pass;
        };
        let mut workspace = Workspace::default();
        self.prepare_gates(rules, phase);
        let mut position = 0;
        while let Some(step) = program.get(position) {
            position += 1;
            if self.switches.removed_rules.has(step.rule) {
                continue;
            }
            if let Some(next) = self.step(rules, step, &mut workspace) {
                position = next.max(position);
            }
            if let Some(budget) = self.exhausted() {
                return Outcome::OverBudget(budget);
            }
            if let Some(interruption) = &self.interruption
                && phase < 5
            {
                return Outcome::Interrupted(interruption.clone());
            }
            if self.switches.engine == EngineMode::Off || self.switches.allow.is_some() {
                break;
            }
        }
        if self.switches.allow == Some(AllowScope::Phase) {
            self.switches.allow = None;
        }
        Outcome::Pass
    }

    fn is_allowed(&self, phase: u8) -> bool {
        match self.switches.allow {
            Some(AllowScope::Everything) => phase < 5,
            Some(AllowScope::Request) => phase <= 2,
            _ => false,
        }
    }

    fn exhausted(&self) -> Option<Budget> {
        if self.texts.is_full() {
            return Some(Budget::Memory);
        }
        (self.work_left == 0).then_some(Budget::Work)
    }

    /// Runs one rule; gives where to go on when it jumps.
    fn step(
        &mut self,
        rules: &Arc<RuleSet>,
        step: &Step,
        workspace: &mut Workspace,
    ) -> Option<usize> {
        let rule = rules.rules.get(step.rule)?;
        if !self.can_match(rules, rule, workspace) {
            return None;
        }
        self.matched.clear();
        let mut matches = Vec::new();
        for index in 0..rule.links.len() {
            if !self.link(rules, step.rule, index, workspace, &mut matches) {
                return None;
            }
        }
        self.full_match(rules, step.rule, rule, matches);
        match step.jump {
            Jump::To(position) => Some(position),
            Jump::Next => None,
        }
    }

    /// Asks one link of all its values; every match acts at once. Says whether there was one.
    fn link(
        &mut self,
        rules: &RuleSet,
        number: usize,
        index: usize,
        workspace: &mut Workspace,
        matches: &mut Vec<RuleMatch>,
    ) -> bool {
        let Some(rule) = rules.rules.get(number) else { return false };
        let Some(link) = rule.links.get(index) else { return false };
        let timeout = rules.settings().collection_timeout_secs;
        if link.targets.included.is_empty() {
            self.carry_out(&link.effects, rule, timeout);
            return true;
        }
        let mut found = std::mem::take(&mut workspace.found);
        found.clear();
        self.resolve(&link.targets, (index == 0).then_some(number), &mut found);
        if !found.is_empty() {
            workspace.argument.clear();
            if let Some(template) = link.question.operator.template() {
                self.expand(template, rule, &mut workspace.argument);
            }
        }
        let mut any = false;
        for value in &found {
            self.variants(rules, link, value.text, &mut workspace.variants);
            for variant in 0..workspace.variants.len() {
                let Some(text) = workspace.variants.get(variant).copied() else { continue };
                if self.passes_gate(rules, rule.phase, link, text)
                    && self.ask(link, text, workspace)
                {
                    any = true;
                    self.one_match(
                        rules,
                        rule,
                        (index, link),
                        Found { text, ..*value },
                        &workspace.captures,
                        matches,
                    );
                }
            }
        }
        workspace.found = found;
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
        for transformation in &chain.transformations {
            let next = self.texts.step(current, *transformation);
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
        self.work_left = self.work_left.saturating_sub(value.len() as u64 + ASKING_COST);
        let found =
            link.question.operator.matches(&workspace.argument, value, &mut workspace.captures);
        found != link.question.negated
    }

    fn one_match(
        &mut self,
        rules: &RuleSet,
        rule: &Rule,
        (index, link): (usize, &Link),
        found: Found,
        captures: &Captures,
        matches: &mut Vec<RuleMatch>,
    ) {
        if link.capture && !link.question.negated {
            self.keep_captures(captures, found.text);
        }
        self.matched.push(found);
        if rule.log && matches.len() < MATCHES_PER_RULE_LIMIT {
            matches.push(self.describe(rules, (index, link), found, captures));
        }
        self.carry_out(&link.effects, rule, rules.settings().collection_timeout_secs);
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

    fn describe(
        &self,
        rules: &RuleSet,
        (index, link): (usize, &Link),
        found: Found,
        captures: &Captures,
    ) -> RuleMatch {
        let mut variable = Vec::new();
        self.full_name(found, &mut variable);
        variable.truncate(VALUE_LIMIT_BYTES);
        let value = self.texts.get(found.text);
        let chain = rules.chains.get(link.chain);
        let sign = if link.question.negated { "!" } else { "" };
        RuleMatch {
            variable: String::from_utf8_lossy(&variable).into_owned(),
            value: value.get(..VALUE_LIMIT_BYTES).unwrap_or(value).to_vec(),
            span: captures.whole().filter(|_| !link.question.negated),
            transformations: chain.map_or_else(Vec::new, |chain| {
                chain.transformations.iter().map(|each| each.name()).collect()
            }),
            operator: format!(
                "{sign}{}",
                link.question.written.chars().take(VALUE_LIMIT_BYTES).collect::<String>()
            ),
            link: index,
        }
    }

    /// The whole rule matched: it is reported, and it acts on the request.
    fn full_match(
        &mut self,
        rules: &Arc<RuleSet>,
        number: usize,
        rule: &Rule,
        matches: Vec<RuleMatch>,
    ) {
        if let Some(severity) = rule.severity {
            self.highest_severity =
                Some(self.highest_severity.map_or(severity, |known| known.min(severity)));
        }
        if self.reports.len() < RULES_LIMIT {
            let mut report = MatchedRule::new(Arc::clone(rules), number, matches);
            if rule.log {
                report.message = self.fill_in(rule.message.as_ref(), rule);
                report.data = self.fill_in(rule.data.as_ref(), rule);
            }
            self.reports.push(report);
        }
        if self.switches.engine == EngineMode::On {
            self.disrupt(rule);
        }
    }

    fn fill_in(&mut self, template: Option<&crate::variables::Template>, rule: &Rule) -> String {
        let mut text = Vec::new();
        if let Some(template) = template {
            self.expand(template, rule, &mut text);
        }
        text.truncate(4 * VALUE_LIMIT_BYTES);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn disrupt(&mut self, rule: &Rule) {
        let action = match &rule.disruption {
            Disruption::Pass => return,
            Disruption::Allow(scope) => {
                self.switches.allow = Some(*scope);
                return;
            }
            Disruption::Deny => InterruptionAction::Deny(rule.status.unwrap_or(403)),
            Disruption::Drop => InterruptionAction::Drop,
            Disruption::Redirect(location) => {
                let status =
                    rule.status.filter(|status| (300..400).contains(status)).unwrap_or(302);
                InterruptionAction::Redirect(status, self.fill_in(Some(location), rule))
            }
        };
        if self.interruption.is_none() {
            self.interruption = Some(Interruption { rule: rule.id, phase: rule.phase, action });
        }
    }
}
