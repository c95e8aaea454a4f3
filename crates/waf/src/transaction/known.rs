//! What is known of the values of a phase, and what can match them.

use super::rows::RowId;
use super::values::Found;
use crate::plan::Bits;

/// What is known of the values of a target.
#[derive(Debug, Clone, Default)]
pub(super) struct PartValues {
    /// Where its values begin and end. `None`: they are not known yet.
    pub(super) values: Option<(usize, usize)>,
    /// The classes that the rows of its values hold.
    pub(super) classes: u64,
    /// What can match any of its values.
    pub(super) row: Vec<u64>,
    /// Its values by their rows: a row, the first value with it, and the last.
    pub(super) groups: Vec<(RowId, usize, usize)>,
}

/// What is known of the values of a phase.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// Where the row of each list begins. `None`: it is not known yet.
    pub(super) lists: Vec<Option<usize>>,
    pub(super) parts: Vec<PartValues>,
    /// The values of the parts, one part after another.
    pub(super) values: Vec<Found>,
    /// The next value of the same part with the same row, for each value; the last one names itself.
    pub(super) next: Vec<u32>,
    pub(super) words: Vec<u64>,
    /// The steps of the phase that are to be looked at, by their positions.
    pub(super) steps: Bits,
    /// For each row the group of a part that is being sorted, plus one.
    pub(super) group_of: Vec<u32>,
    /// Positions of values that a rule may match.
    pub(super) picked: Vec<usize>,
    /// The rows of texts are of the gates for answers, not of those for requests. `None`: of none yet.
    pub(super) of_answers: Option<bool>,
}

impl Known {
    /// Nothing is known of a new transaction; what was known of another is forgotten as its first phase
    /// begins.
    pub(super) const fn renew(&mut self) {
        self.of_answers = None;
    }

    /// Nothing is known of the values of a new phase.
    pub(super) fn begin(&mut self, lists: usize, parts: usize, steps: usize) {
        self.lists.clear();
        self.lists.resize(lists, None);
        self.parts.iter_mut().for_each(PartValues::renew);
        self.parts.resize(parts, PartValues::default());
        self.values.clear();
        self.next.clear();
        self.words.clear();
        self.steps.fill(steps);
    }
}

impl PartValues {
    fn renew(&mut self) {
        self.values = None;
        self.classes = 0;
        self.row.clear();
        self.groups.clear();
    }
}
