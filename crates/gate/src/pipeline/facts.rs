//! What guards learn and share.

use std::any::{Any, TypeId};
use std::sync::Arc;

/// Typed facts of one exchange: a guard states one, later guards and stages read it by its type.
/// There is at most one fact of each type; the last statement wins.
///
/// A handful at most: a list is searched sooner than a map is made.
#[derive(Debug, Clone, Default)]
pub struct Facts(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl Facts {
    /// States a fact.
    pub fn state<T: Send + Sync + 'static>(&mut self, fact: T) {
        self.share(Arc::new(fact));
    }

    /// States a fact that others state too: nothing of it is copied.
    pub fn share<T: Send + Sync + 'static>(&mut self, fact: Arc<T>) {
        self.put(TypeId::of::<T>(), fact);
    }

    fn put(&mut self, kind: TypeId, fact: Arc<dyn Any + Send + Sync>) {
        match self.0.iter_mut().find(|(own, _)| *own == kind) {
            Some((_, place)) => *place = fact,
            None => self.0.push((kind, fact)),
        }
    }

    /// The fact of type `T`; `None` when nobody stated it.
    #[must_use]
    pub fn lookup<T: Send + Sync + 'static>(&self) -> Option<&T> {
        let (_, fact) = self.0.iter().find(|(own, _)| *own == TypeId::of::<T>())?;
        fact.downcast_ref()
    }

    /// Forgets the fact of type `T`.
    pub fn forget<T: Send + Sync + 'static>(&mut self) {
        self.0.retain(|(own, _)| *own != TypeId::of::<T>());
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over every fact of `others`.
    pub fn merge(&mut self, others: Self) {
        if self.0.is_empty() {
            *self = others;
            return;
        }
        others.0.into_iter().for_each(|(kind, fact)| self.put(kind, fact));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_fact_of_a_type_and_the_last_statement_wins() {
        let mut facts = Facts::default();
        assert!(facts.is_empty() && facts.lookup::<u8>().is_none());
        facts.state(1_u8);
        facts.state("text");
        let mut others = Facts::default();
        others.share(Arc::new(2_u8));
        others.state(3_u16);
        facts.merge(others);
        assert_eq!(facts.lookup(), Some(&2_u8));
        assert_eq!((facts.lookup(), facts.lookup()), (Some(&"text"), Some(&3_u16)));
        facts.forget::<u8>();
        assert_eq!((facts.lookup::<u8>(), facts.lookup()), (None, Some(&3_u16)));
        facts.merge(Facts::default());
        assert!(!facts.is_empty());
    }
}
