//! What a transaction says: which rules matched and why, and how it ends.

use std::ops::Range;
use std::sync::Arc;

use crate::plan::RuleSet;
use crate::seclang::problem::Place;

/// How many matches of one rule are reported; all of them act.
pub(super) const MATCHES_PER_RULE_LIMIT: usize = 64;

/// How many matched rules are reported; all of them act.
pub(super) const RULES_LIMIT: usize = 2_000;

/// How much of a value is reported, bytes.
pub(super) const VALUE_LIMIT_BYTES: usize = 512;

/// One value that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleMatch {
    /// The variable with its key, such as `ARGS:name`.
    pub variable: String,
    /// The value after the transformations, its first 512 bytes.
    pub value: Vec<u8>,
    /// The value before the transformations, its first 512 bytes. `None`: they changed nothing.
    pub original: Option<Vec<u8>>,
    /// Which part of that value matched. `None` when the operator looks at the whole.
    pub span: Option<Range<usize>>,
    /// The transformations the value went through.
    pub transformations: Vec<&'static str>,
    /// The operator with its argument as the rule writes it; `!` before it when it is negated.
    pub operator: String,
    /// The position of the link in its chain, from 0.
    pub link: usize,
}

/// A rule that matched, as a transaction keeps it.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) number: usize,
    /// `None`: the rule is not told of.
    pub(super) told: Option<Box<Told>>,
}

/// What is told of a rule that matched.
#[derive(Debug, Clone, Default)]
pub(super) struct Told {
    pub(super) message: String,
    pub(super) data: String,
    pub(super) matches: Vec<RuleMatch>,
}

/// One rule that matched with all its links.
#[derive(Debug, Clone)]
pub struct MatchedRule {
    rules: Arc<RuleSet>,
    number: usize,
    /// The message with its macros filled in; empty when the rule has none.
    pub message: String,
    /// The data about what matched, macros filled in; empty when the rule has none.
    pub data: String,
    /// The values that matched, in their order.
    pub matches: Vec<RuleMatch>,
}

impl MatchedRule {
    pub(super) fn new(rules: &Arc<RuleSet>, report: &Report) -> Self {
        let Told { message, data, matches } = report.told.as_deref().cloned().unwrap_or_default();
        Self { rules: Arc::clone(rules), number: report.number, message, data, matches }
    }

    fn rule(&self) -> Option<&crate::plan::rule::Rule> {
        self.rules.rules.get(self.number)
    }

    /// The rule's number.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.rule().map_or(0, |rule| rule.id)
    }

    /// The phase the rule ran in, 1 to 5.
    #[must_use]
    pub fn phase(&self) -> u8 {
        self.rule().map_or(0, |rule| rule.phase)
    }

    /// How bad it is, 0 worst. `None` when the rule does not say.
    #[must_use]
    pub fn severity(&self) -> Option<u8> {
        self.rule().and_then(|rule| rule.severity)
    }

    /// What the rule belongs to.
    #[must_use]
    pub fn tags(&self) -> &[Box<str>] {
        self.rule().map_or(&[], |rule| &rule.tags)
    }

    /// Whether the rule wants to be reported.
    #[must_use]
    pub fn is_logged(&self) -> bool {
        self.rule().is_some_and(|rule| rule.log)
    }

    /// Whether the audit log is to tell of it, and so is worth a record.
    #[must_use]
    pub fn is_audited(&self) -> bool {
        self.rule().is_some_and(|rule| rule.audit && rule.is_told)
    }

    /// Whether the message says the same of every request.
    #[must_use]
    pub fn has_fixed_message(&self) -> bool {
        let message = self.rule().and_then(|rule| rule.message.as_ref());
        message.is_none_or(|message| message.literal().is_some())
    }

    /// The rule's revision; empty when it says none.
    #[must_use]
    pub fn rev(&self) -> &str {
        self.notes().map_or("", |notes| &notes.rev)
    }

    /// The version of the rule set; empty when the rule does not say.
    #[must_use]
    pub fn ver(&self) -> &str {
        self.notes().map_or("", |notes| &notes.ver)
    }

    /// How long the rule has been in use, 1 to 9; empty when it does not say.
    #[must_use]
    pub fn maturity(&self) -> &str {
        self.notes().map_or("", |notes| &notes.maturity)
    }

    /// How seldom the rule is wrong, 1 to 9; empty when it does not say.
    #[must_use]
    pub fn accuracy(&self) -> &str {
        self.notes().map_or("", |notes| &notes.accuracy)
    }

    /// About how many bytes it takes.
    pub(super) fn weight(&self) -> usize {
        let one = |it: &RuleMatch| {
            let original = it.original.as_ref().map_or(0, Vec::len);
            size_of::<RuleMatch>()
                + it.variable.len()
                + it.value.len()
                + original
                + it.operator.len()
        };
        let matches: usize = self.matches.iter().map(one).sum();
        size_of::<Self>() + self.message.len() + self.data.len() + matches
    }

    fn notes(&self) -> Option<&crate::plan::rule::Notes> {
        self.rule().map(|rule| &rule.notes)
    }

    /// Where the rule is written.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.rule().and_then(|rule| rule.links.first()).map(|link| &link.place)
    }
}

/// What a rule does to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterruptionAction {
    /// It is refused with this status.
    Deny(u16),
    /// The connection is closed.
    Drop,
    /// The client is sent to another address.
    Redirect(u16, String),
}

/// A rule ended the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interruption {
    /// The rule's number.
    pub rule: u64,
    /// The phase it ran in.
    pub phase: u8,
    /// What it does.
    pub action: InterruptionAction,
}

/// A budget of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Bytes of texts kept: values and what transformations make of them.
    Memory,
    /// Bytes looked at by operators and transformations.
    Work,
    /// The body is larger than its limit.
    RequestBody,
    /// The answer's body is larger than its limit.
    ResponseBody,
}

impl Budget {
    /// The budget's name for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Work => "work",
            Self::RequestBody => "request-body",
            Self::ResponseBody => "response-body",
        }
    }
}

/// How a phase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The request goes on.
    Pass,
    /// A rule ended it.
    Interrupted(Interruption),
    /// It could not be looked at to the end.
    OverBudget(Budget),
}

/// What one transaction may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of texts kept.
    pub memory_bytes: usize,
    /// Bytes looked at by operators, over all rules, whatever the size of the request.
    pub work_bytes: u64,
    /// How many more for each byte of the request and the answer; twice as many for each that comes
    /// after the first 128 KiB.
    pub work_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory_bytes: 256 << 20, work_bytes: 2 << 20, work_per_byte: 64 }
    }
}
