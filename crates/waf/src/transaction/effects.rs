//! What a link does when a value matches.

use std::sync::Arc;

use super::state::{Opened, State};
use super::store::{CollectionKey, StoredChange};
use super::texts::TextId;
use super::vars::Vars;
use crate::actions::{Change, Control, SetVar};
use crate::operators::number::whole;
use crate::plan::rule::{Effect, Rule};
use crate::variables::slots::group_number;
use crate::variables::{Template, Variable};

/// What becomes of a value.
enum Changed {
    To(TextId),
    Gone,
    Not,
}

impl State {
    /// Carries out all effects of a link.
    pub(super) fn carry_out(&mut self, effects: &[Effect], rule: &Rule) {
        for effect in effects {
            match effect {
                Effect::SetVar(set_var) => self.set_var(set_var, rule),
                Effect::InitCol(collection, key) => self.open(*collection, key, rule),
                Effect::RemoveRules(rules) => self.switches.removed_rules.extend(rules),
                Effect::RemoveTargets(rules, targets) => {
                    let entry = (Arc::clone(rules), Arc::clone(targets));
                    let known = |(known, same): &(Arc<_>, Arc<_>)| {
                        Arc::ptr_eq(known, rules) && Arc::ptr_eq(same, targets)
                    };
                    // The same link may match many values; once is enough.
                    if !self.switches.removed_targets.iter().any(known) {
                        self.switches.removed_targets.push(entry);
                    }
                }
                Effect::Control(control) => self.control(control),
                Effect::Sanitise(sanitise) => self.sanitise(sanitise),
            }
        }
    }

    fn control(&mut self, control: &Control) {
        let switches = &mut self.switches;
        match control {
            Control::Engine(mode) => switches.engine = *mode,
            Control::RequestBodyAccess(access) => switches.request_body_access = *access,
            Control::RequestBodyLimit(limit) => switches.request_body_limit = *limit,
            Control::BodyProcessor(processor) => {
                switches.processor = Some(*processor);
                self.set(Variable::ReqbodyProcessor, processor.name().as_bytes());
            }
            Control::ForceRequestBody(force) => {
                switches.force_request_body = *force;
                // Without another processor the arguments are not read from the body.
                if *force && switches.processor.is_none() {
                    self.set(Variable::ReqbodyProcessor, b"URLENCODED");
                }
            }
            Control::ResponseBodyAccess(access) => switches.response_body_access = *access,
            Control::ResponseBodyLimit(limit) => switches.response_body_limit = *limit,
            Control::Audit(mode) => switches.audit = *mode,
            Control::AuditParts(change) => {
                switches.audit_parts = change.apply(switches.audit_parts)
            }
            Control::RemoveRules(_) | Control::RemoveTargets(..) | Control::Nothing => {}
        }
    }

    fn open(&mut self, collection: Variable, key: &Template, rule: &Rule) {
        let mut expanded = Vec::new();
        self.expand(key, rule, &mut expanded);
        let key = CollectionKey { collection: collection.name(), key: expanded.into() };
        let mut vars = Vars::default();
        if let Some(store) = &self.store {
            for (name, value) in store.values(&key, self.connection.now.as_second()) {
                let text = self.texts.add(&value);
                let shown = self.texts.add(&name);
                vars.set(&name, shown, text);
            }
        }
        match collection {
            Variable::Session => self.set(Variable::SessionId, &key.key),
            Variable::User => self.set(Variable::UserId, &key.key),
            _ => {}
        }
        self.opened.insert(collection, Opened { key, vars });
    }

    fn set_var(&mut self, set_var: &SetVar, rule: &Rule) {
        let mut argument = std::mem::take(&mut self.argument);
        argument.clear();
        match &set_var.change {
            Change::Set(text)
            | Change::Add(text)
            | Change::Subtract(text)
            | Change::ExpireIn(text) => {
                self.expand(text, rule, &mut argument);
            }
            Change::Remove => {}
        }
        let change = match &set_var.change {
            Change::Set(_) => StoredChange::Set(&argument),
            Change::Add(_) => StoredChange::Add(whole(&argument)),
            Change::Subtract(_) => StoredChange::Add(whole(&argument).saturating_neg()),
            Change::Remove => StoredChange::Remove,
            Change::ExpireIn(_) => StoredChange::ExpireAt(
                self.connection.now.as_second().saturating_add(whole(&argument)),
            ),
        };
        match (set_var.slot, set_var.key.literal()) {
            (Some(slot), Some(name)) => self.change_slot(slot, name, change),
            _ => {
                let mut name = Vec::new();
                self.expand(&set_var.key, rule, &mut name);
                let lower = name.to_ascii_lowercase();
                if set_var.collection == Variable::Tx {
                    self.change_tx(&lower, &name, change);
                } else {
                    self.change_opened(set_var.collection, &lower, &name, change);
                }
            }
        }
        self.argument = argument;
    }

    /// Changes a value of `TX` by the number of its name.
    fn change_slot(&mut self, slot: usize, name: &[u8], change: StoredChange<'_>) {
        let known = self.tx.at(slot);
        match self.changed(known.map(|(_, text)| text), change) {
            Changed::To(text) => {
                let name = known.map_or_else(|| self.texts.add(name), |(name, _)| name);
                self.tx.set_at(slot, name, text);
            }
            Changed::Gone => self.tx.remove_at(slot),
            Changed::Not => {}
        }
    }

    /// What a value of `TX` becomes.
    fn changed(&mut self, before: Option<TextId>, change: StoredChange<'_>) -> Changed {
        match change {
            StoredChange::Set(text) => Changed::To(self.texts.add(text)),
            StoredChange::Add(amount) => {
                let before = before.map_or(0, |text| whole(self.texts.get(text)));
                let sum = before.saturating_add(amount).to_string();
                Changed::To(self.texts.add(sum.as_bytes()))
            }
            StoredChange::Remove => Changed::Gone,
            // TX ends with the transaction.
            StoredChange::ExpireAt(_) => Changed::Not,
        }
    }

    fn change_tx(&mut self, lower: &[u8], name: &[u8], change: StoredChange<'_>) {
        if let Some(group) = group_number(lower) {
            if let Changed::To(text) = self.changed(None, change)
                && let Some(slot) = self.groups.get_mut(group)
            {
                *slot = Some(text);
            }
            return;
        }
        if let Some(slot) = self.tx.position(lower) {
            return self.change_slot(slot, name, change);
        }
        if let Changed::To(text) = self.changed(None, change) {
            let name = self.texts.add(name);
            self.tx.set(lower, name, text);
        }
    }

    fn change_opened(
        &mut self,
        collection: Variable,
        lower: &[u8],
        name: &[u8],
        change: StoredChange<'_>,
    ) {
        let Some(opened) = self.opened.get(&collection) else { return };
        let Some(store) = self.store.clone() else { return };
        let (key, now) = (opened.key.clone(), self.connection.now.as_second());
        let timeout = self.rules.settings().collection_timeout_secs;
        let result = store.change(&key, lower, change, now, timeout);
        let text = result.map(|value| self.texts.add(&value));
        let shown = self.texts.add(name);
        let Some(opened) = self.opened.get_mut(&collection) else { return };
        match text {
            Some(text) => {
                opened.vars.set(lower, shown, text);
            }
            None => opened.vars.remove(lower),
        }
    }
}
