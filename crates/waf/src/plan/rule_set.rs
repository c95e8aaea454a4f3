//! A compiled rule set: immutable, shared by all transactions.

use std::path::Path;
use std::sync::Arc;

use super::build::build;
use super::gates::Gates;
use super::memo::Memo;
use super::rule::{Chain, Effect, Rule, Step};
use crate::actions::Control;
use crate::seclang::audit::AuditMode;
use crate::seclang::files::Files;
use crate::seclang::lint::{self, Lint};
use crate::seclang::loader::Reading;
use crate::seclang::problem::Problem;
use crate::seclang::settings::Settings;
use crate::transaction::Pool;
use crate::variables::Slots;

/// Rules ready to run. Cheap to share between threads behind an [`Arc`].
#[derive(Debug)]
pub struct RuleSet {
    settings: Settings,
    pub(crate) rules: Vec<Rule>,
    /// The steps of phases 1 to 5.
    pub(crate) programs: [Vec<Step>; 5],
    pub(crate) chains: Vec<Chain>,
    pub(crate) gates: Gates,
    /// The names of `TX` that rules spell out.
    pub(crate) slots: Arc<Slots>,
    pub(crate) memo: Memo,
    pub(crate) pool: Pool,
    /// Whether there may ever be an audit record.
    may_audit: bool,
}

/// One piece of a rule set's source.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// A rule file; what it includes is found beside it.
    File(&'a Path),
    /// Rules with a name for messages.
    Text(&'a str, &'a str),
}

fn read<'f>(files: &'f dyn Files, sources: &[Source<'_>]) -> Reading<'f> {
    let mut reading = Reading::new(files);
    for source in sources {
        match source {
            Source::File(path) => reading.file(path),
            Source::Text(name, text) => reading.text(&Arc::from(*name), text),
        }
    }
    reading.draft.settings.finish();
    reading
}

fn may_audit(settings: &Settings, rules: &[Rule]) -> bool {
    let switches_on = |effect: &Effect| {
        matches!(effect, Effect::Control(Control::Audit(AuditMode::On | AuditMode::RelevantOnly)))
    };
    let mut links = rules.iter().flat_map(|rule| &rule.links);
    settings.audit.file.is_some()
        && (settings.audit.mode != AuditMode::Off
            || links.any(|link| link.effects.iter().any(switches_on)))
}

impl RuleSet {
    /// Reads and compiles rules.
    ///
    /// # Errors
    /// Everything that is wrong with them, at once, in the order it was found.
    pub fn load(files: &dyn Files, sources: &[Source<'_>]) -> Result<Self, Vec<Problem>> {
        let Reading { draft, mut problems, .. } = read(files, sources);
        let (_, rules) = build(draft, &mut problems);
        match rules {
            Some(rules) if problems.is_empty() => Ok(rules),
            _ => Err(problems),
        }
    }

    /// Everything there is to say about rules: what keeps them from being used, and what is hardly
    /// meant.
    #[must_use]
    pub fn lint(files: &dyn Files, sources: &[Source<'_>]) -> Lint {
        let Reading { draft, problems: mut errors, .. } = read(files, sources);
        let findings = lint::findings(&draft);
        let (rules, _) = build(draft, &mut errors);
        Lint { rules, errors, findings }
    }

    pub(super) fn new(
        settings: Settings,
        rules: Vec<Rule>,
        programs: [Vec<Step>; 5],
        chains: Vec<Chain>,
        slots: Slots,
    ) -> Self {
        Self {
            may_audit: may_audit(&settings, &rules),
            settings,
            rules,
            programs,
            chains,
            gates: Gates::default(),
            slots: Arc::new(slots),
            memo: Memo::new(),
            pool: Pool::default(),
        }
    }

    /// Whether there may ever be an audit record: a file is named, and the audit engine is on or may be
    /// switched on by a rule.
    #[must_use]
    pub const fn may_audit(&self) -> bool {
        self.may_audit
    }

    /// What the rules say beside the rules themselves.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many rules there are; a chain is one.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}
