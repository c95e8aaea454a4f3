//! Collections that rules write: `TX`, and the persistent ones while a transaction has them open.

use std::collections::HashMap;

use super::texts::TextId;

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
    entries: Vec<Entry>,
    index: HashMap<Box<[u8]>, usize>,
}

impl Vars {
    /// The name as it was first written, and the value, of a name in small letters.
    pub(crate) fn lookup(&self, name: &[u8]) -> Option<(TextId, TextId)> {
        let entry = self.entries.get(*self.index.get(name)?)?;
        Some((entry.name, entry.text?))
    }

    /// All values with their names, in the order the names first came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (TextId, TextId)> {
        self.entries.iter().filter_map(|entry| Some((entry.name, entry.text?)))
    }

    /// Sets a value; `lower` is the name in small letters. `false`: there are too many names.
    pub(crate) fn set(&mut self, lower: &[u8], name: TextId, text: TextId) -> bool {
        if let Some(entry) = self.index.get(lower).and_then(|index| self.entries.get_mut(*index)) {
            entry.text = Some(text);
            return true;
        }
        if self.entries.len() >= NAMES_LIMIT {
            return false;
        }
        self.index.insert(lower.into(), self.entries.len());
        self.entries.push(Entry { name, text: Some(text) });
        true
    }

    /// Takes a value out.
    pub(crate) fn remove(&mut self, lower: &[u8]) {
        if let Some(entry) = self.index.get(lower).and_then(|index| self.entries.get_mut(*index)) {
            entry.text = None;
        }
    }
}
