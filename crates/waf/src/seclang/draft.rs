//! A rule set while it is read: rules in their order, chains being put together, updates waiting
//! for the end.

use std::collections::HashMap;

use super::problem::{Fault, Place, Problem};
use super::selection::{RuleNames, RuleSelection};
use super::settings::Settings;
use super::syntax::RuleSyntax;
use crate::actions::Action;
use crate::variables::{Piece, Targets, Template};

/// One rule with the links of its chain.
#[derive(Debug, Clone)]
pub(crate) struct DraftRule {
    pub(crate) id: u64,
    pub(crate) phase: u8,
    /// The default actions of its phase when it was read.
    pub(crate) defaults: Vec<Action>,
    pub(crate) links: Vec<RuleSyntax>,
    pub(crate) tags: Vec<Box<str>>,
    /// The message as it was written, for selections.
    pub(crate) message: String,
}

/// A rule or a place to skip to.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Rule(Box<DraftRule>),
    Marker(Box<str>),
}

/// Everything read so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) settings: Settings,
    pub(crate) entries: Vec<Entry>,
    defaults: HashMap<u8, Vec<Action>>,
    /// The chain that still wants its next link.
    open: Option<DraftRule>,
    /// The next rule continues a chain whose start was unusable.
    skips_link: bool,
    /// Some part of the rule being read was unusable.
    pub(super) has_faults: bool,
    places: HashMap<u64, Place>,
    removals: Vec<RuleSelection>,
    target_updates: Vec<(RuleSelection, Targets)>,
    action_updates: Vec<(RuleSelection, Vec<Action>, Place)>,
    /// Every choice of rules by a directive, and where it stands.
    pub(crate) mentions: Vec<(RuleSelection, Place)>,
}

impl Draft {
    /// Adds a rule, or a link to the open chain.
    pub(super) fn rule(&mut self, rule: RuleSyntax) -> Vec<Fault> {
        let continues = rule.actions.iter().any(|action| matches!(action, Action::Chain));
        if std::mem::take(&mut self.has_faults) || self.skips_link {
            self.skips_link = continues;
            return Vec::new();
        }
        let (mut faults, chain) = match self.open.take() {
            Some(mut chain) => {
                let faults = link_faults(&rule);
                chain.links.push(rule);
                (faults, chain)
            }
            None => match self.start(rule) {
                Ok(chain) => (Vec::new(), chain),
                Err(fault) => {
                    self.skips_link = continues;
                    return vec![fault];
                }
            },
        };
        if continues {
            self.open = Some(chain);
        } else {
            faults.extend(self.close(chain));
        }
        faults
    }

    fn start(&self, rule: RuleSyntax) -> Result<DraftRule, Fault> {
        let id = rule.actions.iter().find_map(|action| match action {
            Action::Id(id) => Some(*id),
            _ => None,
        });
        let id = id.ok_or_else(|| {
            Fault::new("a rule needs an `id`").hint("numbers below 100000 are for your own rules")
        })?;
        let phase = rule.actions.iter().rev().find_map(|action| match action {
            Action::Phase(phase) => Some(*phase),
            _ => None,
        });
        let phase = phase.unwrap_or(2);
        let defaults = self.defaults.get(&phase).cloned().unwrap_or_default();
        let tags = rule.actions.iter().chain(&defaults).filter_map(|action| match action {
            Action::Tag(tag) => Some(tag.clone()),
            _ => None,
        });
        let tags = tags.collect();
        let message = rule.actions.iter().find_map(|action| match action {
            Action::Msg(message) => Some(written(message)),
            _ => None,
        });
        let message = message.unwrap_or_default();
        Ok(DraftRule { id, phase, defaults, links: vec![rule], tags, message })
    }

    fn close(&mut self, rule: DraftRule) -> Option<Fault> {
        let place = rule.links.first()?.place.clone();
        if let Some(other) = self.places.get(&rule.id) {
            return Some(
                Fault::new(format!("the id `{}` is taken", rule.id))
                    .hint(format!("the other rule is at {other}")),
            );
        }
        self.places.insert(rule.id, place);
        self.entries.push(Entry::Rule(Box::new(rule)));
        None
    }

    /// A rule that could not be read: if it is of a chain, the links after it go with it.
    pub(super) fn broken_rule(&mut self, actions: &[Action]) {
        self.has_faults = false;
        self.open = None;
        self.skips_link = actions.iter().any(|action| matches!(action, Action::Chain));
    }

    pub(super) fn end_of_file(&mut self) -> Option<Fault> {
        self.skips_link = false;
        self.open.take().map(|rule| {
            Fault::new(format!("the chain of rule `{}` has no last link", rule.id))
                .hint("remove `chain` or add the next rule")
        })
    }

    pub(super) fn marker(&mut self, name: &str) {
        self.entries.push(Entry::Marker(name.into()));
    }

    pub(super) fn default_action(&mut self, actions: Vec<Action>) -> Result<(), Fault> {
        let phase = actions.iter().find_map(|action| match action {
            Action::Phase(phase) => Some(*phase),
            _ => None,
        });
        let phase = phase.ok_or_else(|| Fault::new("a default action needs a phase"))?;
        if !actions.iter().any(Action::is_disruptive) {
            return Err(Fault::new("a default action has to say `pass`, `deny` or the like"));
        }
        self.defaults.insert(phase, actions);
        Ok(())
    }

    pub(super) fn remove(&mut self, rules: RuleSelection) {
        self.removals.push(rules);
    }

    pub(super) fn update_targets(&mut self, rules: RuleSelection, targets: Targets) {
        self.target_updates.push((rules, targets));
    }

    pub(super) fn update_actions(
        &mut self,
        rules: RuleSelection,
        actions: Vec<Action>,
        place: &Place,
    ) {
        self.action_updates.push((rules, actions, place.clone()));
    }

    /// Carries out removals and updates, whatever their place among the rules.
    pub(crate) fn finish(&mut self, problems: &mut Vec<Problem>) {
        let removals = std::mem::take(&mut self.removals);
        self.entries.retain(|entry| match entry {
            Entry::Rule(rule) => !removals.iter().any(|selection| selection.selects(rule.names())),
            Entry::Marker(_) => true,
        });
        let updates = std::mem::take(&mut self.target_updates);
        for (selection, targets) in &updates {
            self.selected(selection, |rule| {
                if let Some(first) = rule.links.first_mut() {
                    first.targets.extend(targets);
                }
            });
        }
        for (selection, actions, place) in std::mem::take(&mut self.action_updates) {
            if actions
                .iter()
                .any(|action| matches!(action, Action::Id(_) | Action::Chain | Action::Phase(_)))
            {
                let fault = Fault::new("an update cannot change `id`, `phase` or `chain`");
                problems.push(fault.at(&place));
                continue;
            }
            self.selected(&selection, |rule| rule.update_actions(&actions));
        }
    }

    fn selected(&mut self, selection: &RuleSelection, mut change: impl FnMut(&mut DraftRule)) {
        for entry in &mut self.entries {
            if let Entry::Rule(rule) = entry
                && selection.selects(rule.names())
            {
                change(rule);
            }
        }
    }
}

impl DraftRule {
    /// What selections choose by.
    pub(crate) fn names(&self) -> RuleNames<'_> {
        RuleNames { id: self.id, tags: &self.tags, message: &self.message }
    }

    fn update_actions(&mut self, actions: &[Action]) {
        let Some(first) = self.links.first_mut() else { return };
        if actions.iter().any(Action::is_disruptive) {
            first.actions.retain(|action| !action.is_disruptive());
        }
        first.actions.extend(actions.iter().cloned());
    }
}

/// What only the start of a chain may say.
fn link_faults(rule: &RuleSyntax) -> Vec<Fault> {
    let misplaced = rule.actions.iter().filter_map(|action| match action {
        Action::Id(_) => Some("id"),
        Action::Phase(_) => Some("phase"),
        Action::Skip(_) => Some("skip"),
        Action::SkipAfter(_) => Some("skipAfter"),
        Action::Deny | Action::Drop | Action::Allow(_) | Action::Redirect(_) => {
            Some("a disruptive action")
        }
        _ => None,
    });
    misplaced
        .map(|name| {
            Fault::new(format!("`{name}` stands in a link of a chain"))
                .hint("only the first rule of a chain may say it")
        })
        .collect()
}

/// A template as it was written, macros as their names.
fn written(template: &Template) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => String::from_utf8_lossy(text).into_owned(),
        Piece::Value(variable, Some(key)) => {
            format!("%{{{}.{}}}", variable.name(), String::from_utf8_lossy(key))
        }
        Piece::Slot(_, key) => format!("%{{TX.{}}}", String::from_utf8_lossy(key)),
        Piece::Value(variable, None) => format!("%{{{}}}", variable.name()),
    };
    template.pieces.iter().map(piece).collect()
}
