//! Rules that leave some of their targets alone, for reasons outside the rule files.

use std::sync::Arc;

use super::bits::Bits;
use super::rule_set::RuleSet;
use crate::seclang::problem::Fault;
use crate::seclang::selection::{RuleNames, RuleSelection};
use crate::variables::{Target, Targets};

/// Some rules of a set and what they do not look at. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Exclusion {
    pub(crate) rules: Arc<Bits>,
    pub(crate) targets: Arc<[Target]>,
}

impl Exclusion {
    /// `ids` are numbers and ranges as in `942100-942199`; `targets` is written as in a rule:
    /// `ARGS:comment|REQUEST_COOKIES`.
    ///
    /// # Errors
    /// What is wrong with them, and when no rule has such a number.
    pub fn new(set: &RuleSet, ids: &str, targets: &str) -> Result<Self, String> {
        let said = |fault: Fault| fault.message;
        let selection = RuleSelection::ids(ids).map_err(said)?;
        let parsed = Targets::parse(targets).map_err(|faults| {
            faults.into_iter().next().map_or_else(String::new, |(_, fault)| said(fault))
        })?;
        let mut rules = Bits::with_room(set.rules.len());
        let mut is_any = false;
        for (index, rule) in set.rules.iter().enumerate() {
            if selection.selects(RuleNames { id: rule.id, tags: &rule.tags, message: "" }) {
                rules.add(index);
                is_any = true;
            }
        }
        if !is_any {
            return Err(format!("no rule has the number `{ids}`"));
        }
        Ok(Self { rules: Arc::new(rules), targets: parsed.included.into() })
    }

    /// Whether `text` names rules: numbers and ranges.
    #[must_use]
    pub fn names_rules(text: &str) -> bool {
        RuleSelection::ids(text).is_ok()
    }
}
