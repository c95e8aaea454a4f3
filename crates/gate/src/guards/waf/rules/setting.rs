//! The setting `rules`, with what was loaded from it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use mantlet_config::{Description, Node, Reader, Setting, Shown};

use super::{Loaded, RuleSets};

/// Folders and files of rules; once a configuration has been resolved, with the rules.
#[derive(Clone, Default)]
pub struct RuleFiles {
    paths: Vec<PathBuf>,
    loaded: Option<Arc<Loaded>>,
}

impl RuleFiles {
    /// Whether no rules are named.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// The rules; `None` before they are loaded, and when none are named.
    pub(crate) const fn loaded(&self) -> Option<&Arc<Loaded>> {
        self.loaded.as_ref()
    }

    /// Reads the rules, unless another route has; every problem is told at `key`.
    pub(crate) fn load(&mut self, key: &str, sets: &mut RuleSets, reader: &mut Reader<'_>) {
        if self.paths.is_empty() {
            return;
        }
        let is_new = !sets.has(&self.paths);
        match sets.load(&self.paths) {
            Ok(loaded) => {
                self.loaded = loaded;
                let loaded = self.loaded.as_ref().filter(|_| is_new);
                for log in loaded.into_iter().flat_map(|it| &it.rules.settings().logs) {
                    let message = format!("{}: {}", log.place, log.message);
                    reader.warn(key, message, log.hint.clone().unwrap_or_default());
                }
            }
            Err(faults) => {
                faults.into_iter().for_each(|fault| reader.error(key, fault.message, fault.hint));
            }
        }
    }
}

/// Guards are shared by what this says: by the contents, not by the names alone.
impl fmt::Debug for RuleFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.loaded.as_ref().map(|loaded| loaded.fingerprint);
        f.debug_struct("RuleFiles")
            .field("paths", &self.paths)
            .field("contents", &fingerprint)
            .finish()
    }
}

impl Setting for RuleFiles {
    fn read(node: Option<&Node>, base: &Self, reader: &mut Reader<'_>) -> Self {
        Self { paths: Vec::read(node, &base.paths, reader), loaded: None }
    }

    fn show(&self) -> Shown {
        self.paths.show()
    }

    fn describe() -> Description {
        Vec::<PathBuf>::describe()
    }
}
