//! From a rule's targets to the values it looks at.

use super::state::State;
use super::texts::TextId;
use super::values::{Found, Item};
use crate::operators::Captures;
use crate::variables::slots::group_number;
use crate::variables::{Selector, Target, Targets, Variable};

/// Collections that are put together from others.
const PARTS: &[(Variable, &[Variable])] =
    &[(Variable::Args, &[Variable::ArgsGet, Variable::ArgsPost])];

impl State {
    /// Adds the values of all targets, in the order of the targets, without the excluded ones.
    pub(super) fn resolve(&mut self, targets: &Targets, rule: Option<usize>, out: &mut Vec<Found>) {
        for target in &targets.included {
            let before = out.len();
            if target.count {
                self.resolve_count(target, out);
            } else {
                self.resolve_one(target.variable, &target.selector, out);
                self.exclude(targets, rule, before, out);
            }
        }
    }

    fn resolve_count(&mut self, target: &Target, out: &mut Vec<Found>) {
        let before = out.len();
        self.resolve_one(target.variable, &target.selector, out);
        let count = out.len() - before;
        out.truncate(before);
        let name = match &target.selector {
            Selector::Key(key) | Selector::Slot(_, key) => Some(self.texts.add(key)),
            _ => None,
        };
        let text = self.number(count);
        out.push(Found { variable: target.variable, name, text });
    }

    /// Takes out what the rule or a `ctl` excludes.
    pub(super) fn exclude(
        &self,
        targets: &Targets,
        rule: Option<usize>,
        before: usize,
        out: &mut Vec<Found>,
    ) {
        let by_control = |rule: usize| {
            let all = self.switches.removed_targets.iter();
            all.filter(move |(rules, _)| rules.has(rule)).flat_map(|(_, targets)| targets.iter())
        };
        if targets.excluded.is_empty() && self.switches.removed_targets.is_empty() {
            return;
        }
        let kept = |found: &Found| {
            let key = found.name.map_or(&b""[..], |name| self.texts.get(name));
            let covers = |target: &Target| target.covers(found.variable, key);
            !targets.excluded.iter().any(covers)
                && !rule.is_some_and(|rule| by_control(rule).any(covers))
        };
        let mut end = before;
        for index in before..out.len() {
            if out.get(index).is_some_and(kept) {
                out.swap(end, index);
                end += 1;
            }
        }
        out.truncate(end);
    }

    /// Adds the values of one variable that a selector means.
    pub(super) fn resolve_one(
        &mut self,
        variable: Variable,
        selector: &Selector,
        out: &mut Vec<Found>,
    ) {
        if let Some((_, parts)) = PARTS.iter().find(|(whole, _)| *whole == variable) {
            for part in *parts {
                self.select(*part, variable, selector, false, out);
            }
        } else if let Some(of) = variable.names_of() {
            match PARTS.iter().find(|(whole, _)| *whole == of) {
                Some((_, parts)) => {
                    for part in *parts {
                        self.select(*part, variable, selector, true, out);
                    }
                }
                None => self.select(of, variable, selector, true, out),
            }
        } else if variable.is_writable() {
            self.resolve_vars(variable, selector, out);
        } else if !self.resolve_special(variable, selector, out) {
            self.select(variable, variable, selector, false, out);
        }
    }

    fn select(
        &self,
        from: Variable,
        variable: Variable,
        selector: &Selector,
        names: bool,
        out: &mut Vec<Found>,
    ) {
        let wanted = |item: &&Item| match (selector, item.name) {
            (Selector::All, _) => true,
            (Selector::XmlText, name) => name.is_none(),
            (Selector::XmlAttributes, name) => name.is_some(),
            (selector, name) => {
                selector.selects(name.map_or(&b""[..], |name| self.texts.get(name)))
            }
        };
        let found = self.values.list(from).iter().filter(wanted).map(|item| Found {
            variable,
            name: item.name,
            text: if names { item.name.unwrap_or(item.text) } else { item.text },
        });
        out.extend(found);
    }

    fn resolve_vars(&mut self, variable: Variable, selector: &Selector, out: &mut Vec<Found>) {
        let is_tx = variable == Variable::Tx;
        if let (true, Selector::Slot(slot, _)) = (is_tx, selector) {
            let found = self.tx.at(*slot);
            out.extend(found.map(|(name, text)| Found { variable, name: Some(name), text }));
            return;
        }
        if let (true, Selector::Key(key)) = (is_tx, selector)
            && let Some(group) = group_number(key)
        {
            if let Some(text) = self.groups.get(group).copied().flatten() {
                let name = self.number(group);
                out.push(Found { variable, name: Some(name), text });
            }
            return;
        }
        let vars = if is_tx {
            Some(&self.tx)
        } else {
            self.opened.get(&variable).map(|opened| &opened.vars)
        };
        let Some(vars) = vars else { return };
        match selector {
            Selector::Key(key) => {
                out.extend(vars.lookup(key).map(|(name, text)| Found {
                    variable,
                    name: Some(name),
                    text,
                }));
            }
            selector => {
                let wanted =
                    vars.iter().filter(|(name, _)| selector.selects(self.texts.get(*name)));
                out.extend(wanted.map(|(name, text)| Found { variable, name: Some(name), text }));
            }
        }
        if is_tx && !matches!(selector, Selector::Key(_)) {
            self.resolve_groups(selector, out);
        }
    }

    fn resolve_groups(&mut self, selector: &Selector, out: &mut Vec<Found>) {
        for index in 0..Captures::LIMIT {
            if let Some(text) = self.groups.get(index).copied().flatten()
                && selector.selects(index.to_string().as_bytes())
            {
                let name = self.number(index);
                out.push(Found { variable: Variable::Tx, name: Some(name), text });
            }
        }
    }

    /// Variables that are made when they are asked for.
    fn resolve_special(
        &mut self,
        variable: Variable,
        selector: &Selector,
        out: &mut Vec<Found>,
    ) -> bool {
        match variable {
            Variable::MatchedVars | Variable::MatchedVarsNames => {
                for found in self.matched.clone() {
                    let name = self.name_of(found);
                    if selector.selects(self.texts.get(name)) {
                        let text =
                            if variable == Variable::MatchedVars { found.text } else { name };
                        out.push(Found { variable, name: Some(name), text });
                    }
                }
                true
            }
            _ => match self.made(variable) {
                Some(text) => {
                    out.push(Found { variable, name: None, text });
                    true
                }
                None => false,
            },
        }
    }

    /// The text of a variable that is made when it is asked for. `None`: it is no such variable, or
    /// has no value.
    pub(super) fn made(&mut self, variable: Variable) -> Option<TextId> {
        match variable {
            Variable::MatchedVar => self.matched.last().map(|found| found.text),
            Variable::MatchedVarName => {
                let found = *self.matched.last()?;
                Some(self.name_of(found))
            }
            Variable::ArgsCombinedSize => Some(self.number(self.args_size)),
            Variable::HighestSeverity => {
                Some(self.number(self.highest_severity.map_or(255, usize::from)))
            }
            Variable::Duration => {
                let duration = self.duration_ms.to_string();
                Some(self.texts.add(duration.as_bytes()))
            }
            _ => {
                let text = super::time::text(variable, self.connection.now)?;
                Some(self.texts.add(text.as_bytes()))
            }
        }
    }

    fn name_of(&mut self, found: Found) -> TextId {
        let mut name = Vec::new();
        self.full_name(found, &mut name);
        self.texts.add(&name)
    }
}
