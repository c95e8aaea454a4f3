//! Guards that are built once for all places that want the same.

use std::collections::HashMap;
use std::sync::Arc;

use crate::pipeline::Guard;

/// Guards already built: places with the same settings share one guard, and so its counters; and
/// one whose settings and secrets a new configuration leaves as they are goes on as it is.
#[derive(Debug, Default)]
pub struct GuardCache(HashMap<(&'static str, String), Arc<dyn Guard>>);

impl GuardCache {
    /// Every guard, with its name.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Arc<dyn Guard>)> {
        self.0.iter().map(|((name, _), guard)| (*name, guard))
    }

    /// The guard of this name and these settings: the one that is here, the one of the
    /// configuration before with all its state, or a new one.
    pub(super) fn guard(
        &mut self,
        key: (&'static str, String),
        before: Option<&Self>,
        build: impl FnOnce() -> Arc<dyn Guard>,
    ) -> &Arc<dyn Guard> {
        let known = before.and_then(|before| before.0.get(&key)).map(Arc::clone);
        self.0.entry(key).or_insert_with(|| known.unwrap_or_else(build))
    }
}
