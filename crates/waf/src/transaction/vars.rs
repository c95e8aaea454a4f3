//! Collections that rules write: `TX`, and the persistent ones while a transaction has them open.

use std::collections::HashMap;
use std::sync::Arc;

use super::texts::TextId;
use crate::variables::Slots;

/// How many names one collection may have in a transaction.
const NAMES_LIMIT: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: TextId,
    text: Option<TextId>,
}

/// Named values, names in any case of letters.
#[derive(Debug, Default)]
pub(crate) struct Vars {
    /// `None`: no name has a slot.
    slots: Option<Arc<Slots>>,
    /// Those of the slots first. `None`: the name has not been written yet.
    entries: Vec<Option<Entry>>,
    /// Names that have no slot.
    others: HashMap<Box<[u8]>, usize>,
    /// The positions of the entries in the order the names first came.
    order: Vec<usize>,
}

impl Vars {
    /// Empties the collection; names in `slots` are found by their number.
    pub(crate) fn renew(&mut self, slots: &Arc<Slots>) {
        self.slots = Some(Arc::clone(slots));
        self.entries.clear();
        self.entries.resize(slots.len(), None);
        self.others.clear();
        self.order.clear();
    }

    /// The number of a name in small letters, once it has one.
    pub(crate) fn position(&self, name: &[u8]) -> Option<usize> {
        let slot = self.slots.as_ref().and_then(|slots| slots.find(name));
        slot.or_else(|| self.others.get(name).copied())
    }

    /// The name as it was first written, and the value, of a name in small letters.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<(TextId, TextId)> {
        self.at(self.position(name)?)
    }

    /// The same by the number of the name.
    pub(crate) fn at(&self, slot: usize) -> Option<(TextId, TextId)> {
        let entry = self.entries.get(slot).copied().flatten()?;
        Some((entry.name, entry.text?))
    }

    /// All values with their names, in the order the names first came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TextId, TextId)> {
        self.order.iter().filter_map(|position| self.at(*position))
    }

    /// Sets a value; `lower` is the name in small letters. `false`: there are too many names.
    pub(crate) fn set(&mut self, lower: &[u8], name: TextId, text: TextId) -> bool {
        if let Some(known) = self.position(lower) {
            self.set_at(known, name, text);
            return true;
        }
        if self.order.len() >= NAMES_LIMIT {
            return false;
        }
        let position = self.entries.len();
        self.others.insert(lower.into(), position);
        self.entries.push(None);
        self.set_at(position, name, text);
        true
    }

    /// Sets a value by the number of its name.
    pub(crate) fn set_at(&mut self, slot: usize, name: TextId, text: TextId) {
        match self.entries.get_mut(slot) {
            Some(Some(entry)) => entry.text = Some(text),
            Some(empty) => {
                *empty = Some(Entry { name, text: Some(text) });
                self.order.push(slot);
            }
            None => {}
        }
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, lower: &[u8]) {
        if let Some(position) = self.position(lower) {
            self.remove_at(position);
        }
    }

    /// Takes a value out by the number of its name.
    pub(crate) fn remove_at(&mut self, slot: usize) {
        if let Some(Some(entry)) = self.entries.get_mut(slot) {
            entry.text = None;
        }
    }
}
