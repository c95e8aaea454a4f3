//! What guards learn and share.

use http::Extensions;

/// Typed facts of one exchange: a guard states one, later guards and stages read it by its type.
/// There is at most one fact of each type; the last statement wins.
#[derive(Debug, Clone, Default)]
pub struct Facts(Extensions);

impl Facts {
    /// States a fact.
    pub fn state<T: Clone + Send + Sync + 'static>(&mut self, fact: T) {
        self.0.insert(fact);
    }

    /// The fact of type `T`; `None` when nobody stated it.
    #[must_use]
    pub fn lookup<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get()
    }

    /// Forgets the fact of type `T`.
    pub fn forget<T: Send + Sync + 'static>(&mut self) {
        self.0.remove::<T>();
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over every fact of `others`.
    pub fn merge(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}
