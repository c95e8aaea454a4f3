//! Letters to people, as a trait: who writes them does not know how they are carried.

use std::fmt::Debug;

/// A letter in plain text. It may hold a secret (the link to a new password): it has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The address that it goes to.
    pub to: String,
    /// Its subject: one line.
    pub subject: String,
    /// Its text.
    pub text: String,
}

impl Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

/// Carries letters.
pub trait Post: Debug + Send + Sync {
    /// Takes a letter, to be carried later; `false` when too many wait already, and it is not carried.
    fn send(&self, letter: Letter) -> bool;
}
