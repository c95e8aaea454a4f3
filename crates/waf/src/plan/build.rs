//! Turns a draft into a rule set.

use std::collections::HashMap;
use std::sync::Arc;

use super::bits::Bits;
use super::gates::{Conditions, Gates};
use super::probe;
use super::rule::{Chain, Disruption, Effect, Jump, Link, Notes, Rule, Step, Test};
use super::rule_set::RuleSet;
use crate::actions::{Action, Control, Note};
use crate::operators::Operator;
use crate::operators::number::whole;
use crate::seclang::draft::{Draft, DraftRule, Entry};
use crate::seclang::problem::{Fault, Problem};
use crate::seclang::selection::RuleSelection;
use crate::seclang::settings::Settings;
use crate::seclang::syntax::{Question, RuleSyntax};
use crate::transformations::Transformation;
use crate::variables::{Selector, Slots, Target, Targets, Variable};

/// Compiles everything that was read: how many rules there are, and the rules, unless there are problems.
pub(crate) fn build(mut draft: Draft, problems: &mut Vec<Problem>) -> (usize, Option<RuleSet>) {
    draft.finish(problems);
    let mut builder = Builder::new(&draft.entries);
    for entry in &draft.entries {
        if let Entry::Rule(rule) = entry {
            let compiled = builder.rule(rule);
            builder.rules.push(compiled);
        }
    }
    let programs = programs(&draft.entries, problems);
    let count = builder.rules.len();
    let rules = problems.is_empty().then(|| finish(builder, draft.settings, programs));
    (count, rules.flatten())
}

/// Finds out what rules need before they can match, and builds their gates.
fn finish(builder: Builder<'_>, settings: Settings, programs: [Vec<Step>; 5]) -> Option<RuleSet> {
    let Builder { mut rules, chains, slots, .. } = builder;
    let conditions = Conditions::of(&mut rules);
    let rules = Arc::new(RuleSet::new(settings, rules, programs, chains, slots));
    let ordinary = probe::ordinary(&rules);
    // The probe is over, so this is the only holder.
    let mut rules = Arc::into_inner(rules)?;
    rules.gates = Gates::assign(&mut rules.rules, &rules.chains, conditions, &ordinary);
    let RuleSet { rules: all, programs, chains, gates, .. } = &mut rules;
    for (position, step) in programs.iter_mut().flat_map(|steps| steps.iter_mut().enumerate()) {
        step.test = all.get(step.rule).map_or(Test::None, |rule| test(rule, chains, gates));
        if let Test::List { list, bit } = step.test
            && let Some(list) = gates.lists.get_mut(list)
        {
            list.steps.push((position, bit));
        }
    }
    Some(rules)
}

/// What can be asked of a rule without looking at it.
fn test(rule: &Rule, chains: &[Chain], gates: &Gates) -> Test {
    let Some(link) = rule.links.first() else { return Test::None };
    if let Some(gated) = link.gated {
        let offset = gates.of_phase(rule.phase).offset(gated.gate);
        let bit = offset * 64 + gated.question;
        return link.list.map_or(Test::None, |list| Test::List { list, bit });
    }
    let ([target], Operator::Number(comparison, argument)) =
        (link.targets.included.as_slice(), &link.question.operator)
    else {
        return Test::None;
    };
    let is_plain = chains.get(link.chain).is_some_and(|chain| chain.transformations.is_empty());
    let (Selector::Slot(slot, _), Some(argument), true) =
        (&target.selector, argument.literal(), is_plain)
    else {
        return Test::None;
    };
    let (slot, comparison, number) = (*slot, *comparison, whole(argument));
    let negated = link.question.negated;
    if target.count {
        Test::Count { slot, comparison, number, negated }
    } else {
        Test::Number { slot, comparison, number, negated }
    }
}

struct Builder<'a> {
    drafts: Vec<&'a DraftRule>,
    rules: Vec<Rule>,
    chains: Vec<Chain>,
    known_chains: HashMap<Vec<Transformation>, usize>,
    slots: Slots,
}

impl<'a> Builder<'a> {
    fn new(entries: &'a [Entry]) -> Self {
        let drafts = entries.iter().filter_map(|entry| match entry {
            Entry::Rule(rule) => Some(&**rule),
            Entry::Marker(_) => None,
        });
        Self {
            drafts: drafts.collect(),
            rules: Vec::new(),
            chains: Vec::new(),
            known_chains: HashMap::new(),
            slots: Slots::default(),
        }
    }

    fn rule(&mut self, draft: &DraftRule) -> Rule {
        let first: &[Action] = draft.links.first().map_or(&[], |link| &link.actions);
        let all = || draft.defaults.iter().chain(first);
        let disruption = self.disruption(&draft.defaults, first);
        let log = last(all(), |action| match action {
            Action::Log(log) => Some(*log),
            _ => None,
        });
        let audit = last(all(), |action| match action {
            Action::AuditLog(audit) => Some(*audit),
            Action::Log(false) => Some(false),
            _ => None,
        });
        let told = last(all(), |action| match action {
            Action::Log(log) => Some(*log),
            Action::AuditLog(true) => Some(true),
            _ => None,
        });
        let links: Vec<Link> = draft.links.iter().map(|link| self.link(link, draft)).collect();
        let anywhere = || draft.links.iter().flat_map(|link| &link.actions);
        Rule {
            id: draft.id,
            phase: draft.phase,
            links: links.into(),
            message: anywhere().find_map(|action| match action {
                Action::Msg(message) => Some(self.slots.template(message)),
                _ => None,
            }),
            data: anywhere().find_map(|action| match action {
                Action::LogData(data) => Some(self.slots.template(data)),
                _ => None,
            }),
            severity: last(all(), |action| match action {
                Action::Severity(severity) => Some(*severity),
                _ => None,
            }),
            tags: draft.tags.clone().into(),
            log: log.unwrap_or(true),
            audit: audit.unwrap_or(true),
            is_told: told.unwrap_or(true),
            notes: notes(first),
            disruption,
            status: last(all(), |action| match action {
                Action::Status(status) => Some(*status),
                _ => None,
            }),
        }
    }

    fn link(&mut self, syntax: &RuleSyntax, draft: &DraftRule) -> Link {
        let has = |wanted: fn(&Action) -> bool| syntax.actions.iter().any(wanted);
        let transformations = transformations(draft.defaults.iter().chain(&syntax.actions));
        let effects = draft
            .defaults
            .iter()
            .chain(&syntax.actions)
            .filter_map(|action| self.effect(action))
            .collect();
        Link {
            place: syntax.place.clone(),
            targets: self.targets(&syntax.targets),
            question: self.question(&syntax.question),
            chain: self.chain(transformations),
            capture: has(|action| matches!(action, Action::Capture)),
            multi_match: has(|action| matches!(action, Action::MultiMatch)),
            effects,
            gated: None,
            list: None,
        }
    }

    fn targets(&mut self, targets: &Targets) -> Targets {
        let mut one = |target: &Target| match target.variable {
            Variable::Tx => {
                Target { selector: self.slots.selector(&target.selector), ..target.clone() }
            }
            _ => target.clone(),
        };
        Targets {
            included: targets.included.iter().map(&mut one).collect(),
            excluded: targets.excluded.clone(),
        }
    }

    fn question(&mut self, question: &Question) -> Question {
        let mut question = question.clone();
        if let Operator::Number(_, template) | Operator::Text(_, template) = &mut question.operator
        {
            *template = self.slots.template(template);
        }
        question
    }

    fn disruption(&mut self, defaults: &[Action], first: &[Action]) -> Disruption {
        match disruption(defaults, first) {
            Disruption::Redirect(location) => Disruption::Redirect(self.slots.template(&location)),
            other => other,
        }
    }

    fn effect(&mut self, action: &Action) -> Option<Effect> {
        Some(match action {
            Action::SetVar(set_var) => Effect::SetVar(set_var.with_slots(&mut self.slots)),
            Action::InitCol(collection, key) => {
                Effect::InitCol(*collection, self.slots.template(key))
            }
            Action::Control(Control::RemoveRules(rules)) => {
                Effect::RemoveRules(self.selected(rules))
            }
            Action::Control(Control::RemoveTargets(rules, targets)) => {
                Effect::RemoveTargets(self.selected(rules), targets.clone().into())
            }
            Action::Sanitise(sanitise) => Effect::Sanitise(sanitise.clone()),
            Action::Control(Control::Nothing) => return None,
            Action::Control(control) => Effect::Control(control.clone()),
            _ => return None,
        })
    }

    fn selected(&self, selection: &RuleSelection) -> Arc<Bits> {
        let mut bits = Bits::with_room(self.drafts.len());
        for (index, rule) in self.drafts.iter().enumerate() {
            if selection.selects(rule.names()) {
                bits.add(index);
            }
        }
        Arc::new(bits)
    }

    fn chain(&mut self, transformations: Vec<Transformation>) -> usize {
        let chains = &mut self.chains;
        *self.known_chains.entry(transformations.clone()).or_insert_with(|| {
            chains.push(Chain::new(transformations));
            chains.len() - 1
        })
    }
}

/// What the first link says for people.
fn notes(actions: &[Action]) -> Notes {
    let mut notes = Notes::default();
    for action in actions {
        let Action::Note(note, text) = action else { continue };
        match note {
            Note::Rev => notes.rev.clone_from(text),
            Note::Ver => notes.ver.clone_from(text),
            Note::Maturity => notes.maturity.clone_from(text),
            Note::Accuracy => notes.accuracy.clone_from(text),
            Note::Xmlns => {}
        }
    }
    notes
}

fn last<'a, T>(
    actions: impl Iterator<Item = &'a Action>,
    select: impl Fn(&'a Action) -> Option<T>,
) -> Option<T> {
    actions.filter_map(select).last()
}

/// The transformations in force: `t:none` clears those before it.
fn transformations<'a>(actions: impl Iterator<Item = &'a Action>) -> Vec<Transformation> {
    let mut list = Vec::new();
    for action in actions {
        match action {
            Action::Transform(Some(transformation)) => list.push(*transformation),
            Action::Transform(None) => list.clear(),
            _ => {}
        }
    }
    list
}

/// What the rule says, or what the default actions of its phase say.
fn disruption(defaults: &[Action], actions: &[Action]) -> Disruption {
    let own = actions.iter().rev().find(|action| action.is_disruptive());
    let default = || defaults.iter().rev().find(|action| action.is_disruptive());
    let chosen = match own {
        Some(Action::Block) | None => default(),
        own => own,
    };
    match chosen {
        Some(Action::Deny) => Disruption::Deny,
        Some(Action::Drop) => Disruption::Drop,
        Some(Action::Redirect(location)) => Disruption::Redirect(location.clone()),
        Some(Action::Allow(scope)) => Disruption::Allow(*scope),
        _ => Disruption::Pass,
    }
}

/// The steps of every phase, with skips resolved to positions.
fn programs(entries: &[Entry], problems: &mut Vec<Problem>) -> [Vec<Step>; 5] {
    [1, 2, 3, 4, 5].map(|phase| program(phase, entries, problems))
}

fn program(phase: u8, entries: &[Entry], problems: &mut Vec<Problem>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rule_number = 0;
    for (index, entry) in entries.iter().enumerate() {
        let Entry::Rule(rule) = entry else { continue };
        if rule.phase == phase {
            let jump =
                jump(rule, steps.len(), entries.get(index + 1..).unwrap_or_default(), problems);
            steps.push(Step { rule: rule_number, jump, test: Test::None });
        }
        rule_number += 1;
    }
    steps
}

fn jump(rule: &DraftRule, position: usize, later: &[Entry], problems: &mut Vec<Problem>) -> Jump {
    let Some(first) = rule.links.first() else { return Jump::Next };
    for action in &first.actions {
        match action {
            Action::Skip(count) => return Jump::To(position + 1 + *count as usize),
            Action::SkipAfter(name) => {
                return match steps_to_marker(name, rule.phase, later) {
                    Some(count) => Jump::To(position + 1 + count),
                    None => {
                        let fault = Fault::new(format!(
                            "`skipAfter:{name}` skips to a marker that does not follow"
                        ));
                        problems.push(
                            fault
                                .hint(format!("add `SecMarker \"{name}\"` after the rules to skip"))
                                .at(&first.place),
                        );
                        Jump::Next
                    }
                };
            }
            _ => {}
        }
    }
    Jump::Next
}

/// How many rules of the phase stand before the marker, or before the rule with that number.
fn steps_to_marker(name: &str, phase: u8, later: &[Entry]) -> Option<usize> {
    let position = later.iter().position(|entry| match entry {
        Entry::Marker(marker) => **marker == *name,
        Entry::Rule(rule) => rule.id.to_string() == name,
    })?;
    let in_phase = |entry: &&Entry| matches!(entry, Entry::Rule(rule) if rule.phase == phase);
    let itself = later.get(position).iter().filter(|entry| in_phase(entry)).count();
    Some(later.iter().take(position).filter(in_phase).count() + itself)
}
