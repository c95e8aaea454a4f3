//! Numbers for the names of `TX` that rules spell out, so that no name is looked up while rules run.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{Piece, Selector, Template, Variable};

/// The names and their numbers.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<Box<[u8]>, usize, RandomState>);

impl Slots {
    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of a name in small letters. `None`: no rule spells it out.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// The number of a name in small letters, a new one if need be. `None`: it means a captured group.
    pub(crate) fn number(&mut self, name: &[u8]) -> Option<usize> {
        if group_number(name).is_some() {
            return None;
        }
        let next = self.0.len();
        Some(*self.0.entry(name.into()).or_insert(next))
    }

    /// A template whose names of `TX` have their numbers.
    pub(crate) fn template(&mut self, template: &Template) -> Template {
        let mut one = |piece: &Piece| match piece {
            Piece::Value(Variable::Tx, Some(key)) => match self.number(key) {
                Some(slot) => Piece::Slot(slot, key.clone()),
                None => piece.clone(),
            },
            other => other.clone(),
        };
        Template { pieces: template.pieces.iter().map(&mut one).collect() }
    }

    /// A selector of `TX` whose name has its number.
    pub(crate) fn selector(&mut self, selector: &Selector) -> Selector {
        match selector {
            Selector::Key(key) => match self.number(key) {
                Some(slot) => Selector::Slot(slot, key.clone()),
                None => selector.clone(),
            },
            other => other.clone(),
        }
    }
}

/// The number of a captured group that a key of `TX` names.
pub(crate) fn group_number(key: &[u8]) -> Option<usize> {
    match key {
        [digit @ b'0'..=b'9'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}
