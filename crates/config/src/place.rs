//! Where a value came from and where a problem lies.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where a problem lies. Places sort by position in the file, then environment, then flags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the configuration file.
    File {
        /// The path of the file, as it was given.
        path: Arc<str>,
        /// The line, counted from 1; 0 for the file as a whole.
        line: usize,
        /// The column in characters, counted from 1; 0 for the file as a whole.
        column: usize,
    },
    /// In the environment variable of this name.
    Environment(Arc<str>),
    /// In the value of this flag.
    Flag(Arc<str>),
    /// In what holds when nothing is configured.
    Configuration,
}

impl Place {
    /// The file as a whole.
    pub(crate) const fn file(path: Arc<str>) -> Self {
        Self::File { path, line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: 0, .. } => f.write_str(path),
            Self::File { path, line, column } => write!(f, "{path}:{line}:{column}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}

/// Which layer a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nothing set it.
    Default,
    /// The configuration file.
    File {
        /// The path of the file, as it was given.
        path: Arc<str>,
        /// The line, counted from 1.
        line: usize,
        /// The column in characters, counted from 1.
        column: usize,
    },
    /// The environment variable of this name.
    Environment(Arc<str>),
    /// The flag of this name.
    Flag(Arc<str>),
}

impl From<&Place> for Origin {
    fn from(place: &Place) -> Self {
        match place {
            Place::File { path, line, column } => {
                Self::File { path: Arc::clone(path), line: *line, column: *column }
            }
            Place::Environment(name) => Self::Environment(Arc::clone(name)),
            Place::Flag(name) => Self::Flag(Arc::clone(name)),
            Place::Configuration => Self::Default,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line, .. } => write!(f, "{path}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Where each value came from, by key path (`server.listen`, `routes[2].path`).
#[derive(Debug, Clone, Default)]
pub struct Provenance(BTreeMap<String, Place>);

impl Provenance {
    /// Where the value at `key` came from; [`Origin::Default`] also for keys that do not exist.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.0.get(key).map_or(Origin::Default, Origin::from)
    }

    pub(crate) fn record(&mut self, key: &str, place: Place) {
        self.0.insert(key.to_owned(), place);
    }

    /// The place of `key` when a variable or a flag set it.
    pub(crate) fn overlay(&self, key: &str) -> Option<&Place> {
        self.0.get(key).filter(|place| !matches!(place, Place::File { .. }))
    }
}
