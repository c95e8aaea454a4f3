//! The values of a transaction by variable.

use super::texts::TextId;
use crate::variables::Variable;

/// One value: its key, and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: Option<TextId>,
    pub(crate) text: TextId,
}

/// A value a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) variable: Variable,
    pub(crate) name: Option<TextId>,
    pub(crate) text: TextId,
}

/// Values that come with the request and the answer.
#[derive(Debug, Default)]
pub(crate) struct Values {
    /// One for each variable, once the values are renewed.
    lists: Box<[Vec<Item>]>,
}

impl Values {
    /// Forgets all values.
    pub(super) fn renew(&mut self) {
        if self.lists.is_empty() {
            self.lists = vec![Vec::new(); Variable::ALL.len()].into();
        }
        self.lists.iter_mut().for_each(Vec::clear);
    }

    /// The values that are kept under this variable itself.
    pub(crate) fn list(&self, variable: Variable) -> &[Item] {
        self.lists.get(variable.number()).map_or(&[], Vec::as_slice)
    }

    /// Adds a value with its key.
    pub(crate) fn add(&mut self, variable: Variable, name: TextId, text: TextId) {
        if let Some(list) = self.lists.get_mut(variable.number()) {
            list.push(Item { name: Some(name), text });
        }
    }

    /// Makes `text` the only value.
    pub(crate) fn set(&mut self, variable: Variable, text: TextId) {
        if let Some(list) = self.lists.get_mut(variable.number()) {
            list.clear();
            list.push(Item { name: None, text });
        }
    }
}
