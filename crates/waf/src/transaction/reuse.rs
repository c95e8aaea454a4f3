//! Buffers that one transaction leaves to the next.

use std::sync::Mutex;

use super::evaluate::Workspace;
use super::known::Known;
use super::texts::Texts;
use super::values::Values;
use super::vars::Vars;

/// How many sets of buffers wait to be used again; each is under half a megabyte.
const WAITING: usize = 64;

/// The buffers of a transaction, emptied before they are used again.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(super) texts: Texts,
    pub(super) values: Values,
    pub(super) tx: Vars,
    pub(super) known: Known,
    pub(super) workspace: Workspace,
}

/// Buffers that wait to be used again.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<Vec<Buffers>>);

impl Pool {
    /// Buffers, used before or new.
    pub(super) fn take(&self) -> Buffers {
        let waiting = self.0.try_lock().ok().and_then(|mut waiting| waiting.pop());
        waiting.unwrap_or_default()
    }

    /// Takes buffers back, unless they have grown large or enough wait.
    pub(super) fn give(&self, buffers: Buffers) {
        if !buffers.texts.is_small() {
            return;
        }
        if let Ok(mut waiting) = self.0.try_lock()
            && waiting.len() < WAITING
        {
            waiting.push(buffers);
        }
    }
}
