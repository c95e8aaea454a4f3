//! Fills the macros of a text in.

use super::state::State;
use crate::plan::rule::Rule;
use crate::variables::slots::group_number;
use crate::variables::{Piece, Selector, Template, Variable};

impl State {
    /// Adds a text with its macros filled in to `out`; `rule` is what `RULE.*` speaks of.
    pub(super) fn expand(&mut self, template: &Template, rule: &Rule, out: &mut Vec<u8>) {
        for piece in &template.pieces {
            match piece {
                Piece::Literal(text) => out.extend_from_slice(text),
                Piece::Slot(slot, _) => {
                    let text = self.tx.at(*slot).map(|(_, text)| text);
                    out.extend_from_slice(text.map_or(&b""[..], |text| self.texts.get(text)));
                }
                Piece::Value(variable, key) => {
                    self.expand_value(*variable, key.as_deref(), rule, out)
                }
            }
        }
    }

    fn expand_value(
        &mut self,
        variable: Variable,
        key: Option<&[u8]>,
        rule: &Rule,
        out: &mut Vec<u8>,
    ) {
        match (variable, key) {
            (Variable::Rule, Some(key)) => rule_field(rule, key, out),
            (Variable::Tx, Some(key)) => {
                let group =
                    group_number(key).and_then(|group| self.groups.get(group).copied().flatten());
                let text = group.or_else(|| self.tx.lookup(key).map(|(_, text)| text));
                out.extend_from_slice(text.map_or(&b""[..], |text| self.texts.get(text)));
            }
            (Variable::MatchedVar, _) => {
                let text = self.matched.last().map(|found| found.text);
                out.extend_from_slice(text.map_or(&b""[..], |text| self.texts.get(text)));
            }
            (Variable::MatchedVarName, _) => {
                if let Some(found) = self.matched.last().copied() {
                    self.full_name(found, out);
                }
            }
            (variable, key) => self.expand_first(variable, key, out),
        }
    }

    fn expand_first(&mut self, variable: Variable, key: Option<&[u8]>, out: &mut Vec<u8>) {
        let selector = key.map_or(Selector::All, |key| Selector::Key(key.into()));
        let mut found = Vec::new();
        self.resolve_one(variable, &selector, &mut found);
        if let Some(first) = found.first() {
            out.extend_from_slice(self.texts.get(first.text));
        }
    }
}

fn rule_field(rule: &Rule, key: &[u8], out: &mut Vec<u8>) {
    match key {
        b"id" => out.extend_from_slice(rule.id.to_string().as_bytes()),
        b"severity" => out.extend_from_slice(
            rule.severity.map(|it| it.to_string()).unwrap_or_default().as_bytes(),
        ),
        b"msg" => out.extend_from_slice(
            rule.message.as_ref().and_then(Template::literal).unwrap_or_default(),
        ),
        _ => {}
    }
}
