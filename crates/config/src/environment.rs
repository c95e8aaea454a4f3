//! The environment as a snapshot.

use std::collections::BTreeMap;
use std::fmt;

/// What every variable that overrides a key begins with.
const PREFIX: &str = "MANTLET_";

/// The environment variables as they were at one moment.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The variables of this process: the one place that reads them. Variables that are not UTF-8
    /// are left out.
    #[must_use]
    pub fn from_process() -> Self {
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self(texts.collect())
    }

    /// These variables, for tests and tools.
    pub fn of<K: Into<String>, V: Into<String>>(
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value of a variable; `None` when it is not set or empty.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variable that overrides `key`: `MANTLET_GUARDS_LIMIT_MODE` for `guards.limit.mode`.
    #[must_use]
    pub fn name_of(key: &str) -> String {
        let upper = key.chars().map(|letter| match letter {
            '.' | '-' => '_',
            other => other.to_ascii_uppercase(),
        });
        PREFIX.chars().chain(upper).collect()
    }

    /// What tells an overriding variable from others, in lower case: `guards_limit_mode`.
    pub(crate) fn stem(name: &str) -> String {
        name.strip_prefix(PREFIX).unwrap_or(name).to_lowercase()
    }

    /// The names of all variables that could be meant to override a key.
    pub(crate) fn overriding_names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(PREFIX))
    }
}

/// Shows the names only: values may be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
