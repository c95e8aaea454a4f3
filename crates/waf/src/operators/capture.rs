//! What an operator captured: spans of the value, or texts of its own.

use std::ops::Range;

/// One captured text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Captured {
    /// A part of the value.
    Span(Range<usize>),
    /// A text of the operator's own, such as a fingerprint.
    Text(Box<[u8]>),
}

/// Captured texts by their number, and what finding them cost.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    pub(crate) groups: Vec<(usize, Captured)>,
    /// What the operator did beside looking at each byte once, as work is counted.
    pub(crate) work: u64,
    /// How much of that it may do. What cannot be done within it is given up, and costs all of it.
    pub(crate) allowance: u64,
}

impl Default for Captures {
    fn default() -> Self {
        Self { groups: Vec::new(), work: 0, allowance: u64::MAX }
    }
}

impl Captures {
    /// `TX:0` to `TX:9`.
    pub(crate) const LIMIT: usize = 10;

    /// Counts so much work. `false`: it is more than there is, and all of that is spent.
    pub(super) const fn spend(&mut self, work: u64) -> bool {
        self.work = self.work.saturating_add(work);
        let is_affordable = self.work <= self.allowance;
        if !is_affordable {
            self.work = u64::MAX / 2;
        }
        is_affordable
    }

    pub(super) fn span(&mut self, index: usize, range: Range<usize>) {
        self.groups.push((index, Captured::Span(range)));
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        self.groups.push((0, Captured::Text(text.into())));
    }

    /// The part of the value that matched as a whole, when the operator says so.
    pub(crate) fn whole(&self) -> Option<Range<usize>> {
        self.groups.iter().find_map(|(index, captured)| match captured {
            Captured::Span(range) if *index == 0 => Some(range.clone()),
            _ => None,
        })
    }
}
