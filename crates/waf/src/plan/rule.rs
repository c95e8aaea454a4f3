//! A rule as it is run.

use std::sync::Arc;

use super::bits::Bits;
use crate::actions::{AllowScope, Control, Sanitise, SetVar};
use crate::operators::number::Comparison;
use crate::seclang::problem::Place;
use crate::seclang::syntax::Question;
use crate::transformations::{ByteSet, Transformation};
use crate::variables::{Target, Targets, Template, Variable};

/// A list of transformations, shared by all links that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) transformations: Box<[Transformation]>,
    /// The bytes that each of them changes.
    pub(crate) triggers: Box<[ByteSet]>,
    /// A value with none of these bytes goes through unchanged.
    pub(crate) trigger: ByteSet,
    /// An empty value may come out as something.
    pub(crate) changes_empty: bool,
}

impl Chain {
    pub(crate) fn new(transformations: Vec<Transformation>) -> Self {
        let triggers: Box<[ByteSet]> = transformations.iter().map(|each| each.trigger()).collect();
        let trigger = triggers.iter().copied().fold(ByteSet::default(), ByteSet::and);
        let changes_empty = transformations.iter().any(|each| each.changes_empty());
        Self { transformations: transformations.into(), triggers, trigger, changes_empty }
    }
}

/// What a link does for each value that matches.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    SetVar(SetVar),
    InitCol(Variable, Template),
    Control(Control),
    /// This is not shown in an audit record.
    Sanitise(Sanitise),
    /// These rules do not run in this transaction.
    RemoveRules(Arc<Bits>),
    /// These rules do not look at these targets in this transaction.
    RemoveTargets(Arc<Bits>, Arc<[Target]>),
}

/// Where a link stands in the gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gated {
    /// Which gate of its side.
    pub(crate) gate: usize,
    /// Its question's number in that gate.
    pub(crate) question: usize,
}

/// One question of a rule.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) place: Place,
    pub(crate) targets: Targets,
    pub(crate) question: Question,
    /// The position of its transformations in the rule set.
    pub(crate) chain: usize,
    pub(crate) capture: bool,
    pub(crate) multi_match: bool,
    pub(crate) effects: Box<[Effect]>,
    /// `None`: every value has to be asked.
    pub(crate) gated: Option<Gated>,
    /// The list of targets that it shares. `None`: its values change while rules run.
    pub(crate) list: Option<usize>,
}

/// What a full match does to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disruption {
    Pass,
    Deny,
    Drop,
    Redirect(Template),
    Allow(AllowScope),
}

/// Where evaluation goes on after a full match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    /// With the next rule.
    Next,
    /// With the step at this position of the phase.
    To(usize),
}

/// What a rule says of itself for people; empty for nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    pub(crate) rev: Box<str>,
    pub(crate) ver: Box<str>,
    pub(crate) maturity: Box<str>,
    pub(crate) accuracy: Box<str>,
}

/// A rule with its links.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) phase: u8,
    pub(crate) links: Box<[Link]>,
    pub(crate) message: Option<Template>,
    pub(crate) data: Option<Template>,
    pub(crate) severity: Option<u8>,
    pub(crate) tags: Box<[Box<str>]>,
    pub(crate) log: bool,
    pub(crate) audit: bool,
    /// Whether a match is told at all: to the log or to the audit log.
    pub(crate) is_told: bool,
    pub(crate) notes: Notes,
    pub(crate) disruption: Disruption,
    pub(crate) status: Option<u16>,
}

/// One step of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) rule: usize,
    pub(crate) jump: Jump,
    pub(crate) test: Test,
}

/// What can be asked of a rule without looking at it: when the answer is no, it cannot match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Test {
    /// Nothing.
    None,
    /// Whether a value of this list of targets has this bit in its row.
    List { list: usize, bit: usize },
    /// Whether a value of `TX` compares like this with a number.
    Number { slot: usize, comparison: Comparison, number: i64, negated: bool },
    /// Whether a value of `TX` is there, as the comparison of their number with another says.
    Count { slot: usize, comparison: Comparison, number: i64, negated: bool },
}
