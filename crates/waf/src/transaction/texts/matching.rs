//! What can match the texts of a transaction: rows of questions, by the gates and by what transformations
//! make of a text.

use super::{TextId, Texts, has_bit};
use crate::plan::Bits;
use crate::plan::gate::Gate;
use crate::plan::memo::Memo;
use crate::transaction::rows::RowId;

impl Texts {
    /// Forgets which questions can match: gates with rows of so many words come.
    pub(crate) fn renew_rows(&mut self, gates: &[Gate; 2]) {
        let mut words = 1;
        for (rows, gate) in self.gate_rows.iter_mut().zip(gates) {
            rows.renew(gate.words());
            words += gate.words();
        }
        self.known_rows.renew(words);
        self.news.clear();
        for entry in &mut self.entries {
            entry.gates = [None; 2];
            entry.known = None;
            entry.is_news = false;
        }
    }

    /// Which questions of a gate can match a text, and whether that was not known.
    pub(crate) fn gate_row(&mut self, id: TextId, number: usize, gate: &Gate) -> (RowId, bool) {
        let known = self.entry(id).and_then(|entry| entry.gates.get(number)).copied().flatten();
        if let Some(known) = known {
            return (known, false);
        }
        let mask = self.mask(id);
        let mut row = [0; 16];
        let mut long = Vec::new();
        let row = match row.get_mut(..gate.words()) {
            Some(row) => row,
            None => {
                long.resize(gate.words(), 0);
                &mut long
            }
        };
        gate.row(self.get(id), mask, row);
        let Some(rows) = self.gate_rows.get_mut(number) else { return (RowId::default(), true) };
        let found = rows.add(row);
        let entry = self.entries.get_mut(id.0 as usize);
        if let Some(slot) = entry.and_then(|entry| entry.gates.get_mut(number)) {
            *slot = Some(found);
        }
        (found, true)
    }

    /// Whether a question can match, by the row of its gate.
    pub(crate) fn gate_bit(&self, number: usize, row: RowId, question: usize) -> bool {
        self.gate_rows.get(number).is_some_and(|rows| has_bit(rows.get(row), question))
    }

    /// The row of a text. `None`: nothing is known of it.
    pub(crate) fn known(&self, id: TextId) -> Option<RowId> {
        self.entry(id).and_then(|entry| entry.known)
    }

    /// How many different rows of texts there are.
    pub(crate) fn known_count(&self) -> usize {
        self.known_rows.count()
    }

    /// The words of a row.
    pub(crate) fn known_row(&self, row: RowId) -> &[u64] {
        self.known_rows.get(row).get(1..).unwrap_or_default()
    }

    /// The classes whose questions a row holds.
    pub(crate) fn known_classes(&self, row: RowId) -> u64 {
        self.known_rows.get(row).first().copied().unwrap_or_default()
    }

    /// Begins to put the row of a text together, with what is known or remembered of it; gives the
    /// classes that it holds.
    pub(crate) fn open_row(&mut self, id: TextId, words: usize, memo: Option<&Memo>) -> u64 {
        let (known, is_common) =
            self.entry(id).map_or((None, false), |entry| (entry.known, entry.is_common));
        let mut row = std::mem::take(&mut self.row);
        row.clear();
        match known {
            Some(known) => row.extend_from_slice(self.known_rows.get(known)),
            None => {
                row.resize(1 + words, 0);
                if let (Some(memo), true) = (memo, is_common) {
                    memo.recall(self.get(id), &mut row);
                }
            }
        }
        let classes = row.first().copied().unwrap_or_default();
        self.row = row;
        classes
    }

    /// The row that was opened is that of the text, and holds these classes too.
    pub(crate) fn close_row(&mut self, id: TextId, classes: u64) -> RowId {
        if let Some(known) = self.row.first_mut() {
            *known |= classes;
        }
        let row = self.known_rows.add(&self.row);
        if let Some(entry) = self.entries.get_mut(id.0 as usize) {
            entry.known = Some(row);
        }
        if classes != 0 {
            self.is_news(id);
        }
        row
    }

    /// Adds those of `questions` to the open row that the row of a gate has.
    pub(crate) fn join(&mut self, number: usize, gate: RowId, offset: usize, questions: &Bits) {
        let own = self.gate_rows.get(number).map_or(&[][..], |rows| rows.get(gate));
        questions.add_common(own, self.row.get_mut(1 + offset..).unwrap_or_default());
    }

    /// Takes questions out of the open row that are about to be added anew.
    pub(crate) fn part(&mut self, offset: usize, questions: &Bits) {
        questions.remove_from(self.row.get_mut(1 + offset..).unwrap_or_default());
    }

    /// A question was asked of everything the row of a text stands for, and did not match.
    pub(crate) fn rule_out(&mut self, id: TextId, bit: usize) {
        let Some(known) = self.known(id) else { return };
        self.row.clear();
        self.row.extend_from_slice(self.known_rows.get(known));
        if let Some(word) = self.row.get_mut(1 + bit / 64) {
            *word &= !(1 << (bit % 64));
        }
        self.close_row(id, 0);
        self.is_news(id);
    }

    fn is_news(&mut self, id: TextId) {
        if let Some(entry) = self.entries.get_mut(id.0 as usize)
            && entry.is_common
            && !entry.is_news
        {
            entry.is_news = true;
            self.news.push(id);
        }
    }

    /// Remembers what was learnt of common texts.
    pub(crate) fn remember(&mut self, memo: &Memo) {
        let mut news = std::mem::take(&mut self.news);
        if self.is_full {
            // Some texts are not what they should be.
            news.clear();
        }
        for id in news.drain(..) {
            if let Some(entry) = self.entries.get_mut(id.0 as usize) {
                entry.is_news = false;
            }
            if let Some(known) = self.known(id) {
                memo.keep(self.get(id), self.known_rows.get(known));
            }
        }
        self.news = news;
    }
}
