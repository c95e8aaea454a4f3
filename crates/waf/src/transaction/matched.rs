//! What becomes of a rule that matched: its report, and what it does to the request.

use std::ops::Range;

use super::report::{
    Interruption, InterruptionAction, RULES_LIMIT, Report, RuleMatch, Told, VALUE_LIMIT_BYTES,
};
use super::state::State;
use super::texts::TextId;
use super::values::Found;
use crate::plan::RuleSet;
use crate::plan::rule::{Disruption, Rule};
use crate::seclang::settings::EngineMode;
use crate::variables::Template;

/// One value that matched, before it is described.
#[derive(Debug)]
pub(super) struct Matched {
    pub(super) link: usize,
    pub(super) found: Found,
    /// The value before the transformations.
    pub(super) original: TextId,
    pub(super) span: Option<Range<usize>>,
}

impl State {
    fn describe(&self, rules: &RuleSet, rule: &Rule, matched: &Matched) -> Option<RuleMatch> {
        let Matched { link: index, found, original, span } = matched;
        let link = rule.links.get(*index)?;
        let mut variable = Vec::new();
        self.full_name(*found, &mut variable);
        variable.truncate(VALUE_LIMIT_BYTES);
        let value = self.texts.get(found.text);
        let chain = rules.chains.get(link.chain);
        let sign = if link.question.negated { "!" } else { "" };
        Some(RuleMatch {
            variable: String::from_utf8_lossy(&variable).into_owned(),
            value: value.get(..VALUE_LIMIT_BYTES).unwrap_or(value).to_vec(),
            original: (*original != found.text).then(|| {
                let original = self.texts.get(*original);
                original.get(..VALUE_LIMIT_BYTES).unwrap_or(original).to_vec()
            }),
            span: span.clone(),
            transformations: chain.map_or_else(Vec::new, |chain| {
                chain.transformations.iter().map(|each| each.name()).collect()
            }),
            operator: format!(
                "{sign}{}",
                link.question.written.chars().take(VALUE_LIMIT_BYTES).collect::<String>()
            ),
            link: *index,
        })
    }

    /// The whole rule matched: it is reported, and it acts on the request.
    pub(super) fn full_match(
        &mut self,
        rules: &RuleSet,
        number: usize,
        rule: &Rule,
        matches: &[Matched],
    ) {
        if let Some(severity) = rule.severity {
            self.highest_severity =
                Some(self.highest_severity.map_or(severity, |known| known.min(severity)));
        }
        if self.reports.len() < RULES_LIMIT {
            let told = rule.is_told.then(|| {
                let matches = matches.iter().filter_map(|it| self.describe(rules, rule, it));
                let matches = matches.collect();
                let message = self.fill_in(rule.message.as_ref(), rule);
                let data = self.fill_in(rule.data.as_ref(), rule);
                Box::new(Told { message, data, matches })
            });
            self.reports.push(Report { number, told });
        }
        if self.switches.engine == EngineMode::On {
            self.disrupt(rule);
        }
    }

    fn fill_in(&mut self, template: Option<&Template>, rule: &Rule) -> String {
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
