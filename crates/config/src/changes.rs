//! What two configurations say differently.

use std::collections::BTreeMap;
use std::fmt;

use crate::reader::child;
use crate::{Setting, Shown};

/// A key whose value differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key with the names of its sections, and the index of entries: `routes[2].path`.
    pub key: String,
    /// What was written before, as TOML; `None` for nothing.
    pub before: Option<String>,
    /// What is written now; `None` for nothing.
    pub after: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".into());
        write!(f, "{}: {} -> {}", self.key, shown(&self.before), shown(&self.after))
    }
}

/// Every key whose value differs between `before` and `after`, in the order of the alphabet. Values
/// of secrets do not appear: the configuration does not contain them.
pub fn changes<S: Setting>(before: &S, after: &S) -> Vec<Change> {
    let (mut before, after) = (flat(before), flat(after));
    let mut changes = Vec::new();
    for (key, value) in after {
        let old = before.remove(&key);
        if old.as_ref() != Some(&value) {
            changes.push(Change { key, before: old, after: Some(value) });
        }
    }
    let gone = before.into_iter();
    changes.extend(gone.map(|(key, old)| Change { key, before: Some(old), after: None }));
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    changes
}

fn flat<S: Setting>(config: &S) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    flatten("", &config.show(), &mut values);
    values
}

fn flatten(path: &str, shown: &Shown, values: &mut BTreeMap<String, String>) {
    match shown {
        // A list without entries is no key of its own: its entries are.
        Shown::Value(value) if value.as_array().is_some_and(Vec::is_empty) => {}
        Shown::Value(value) => {
            values.insert(path.to_owned(), value.to_string());
        }
        Shown::Absent => {}
        Shown::Table(keys) => {
            for (key, shown) in keys {
                flatten(&child(path, key), shown, values);
            }
        }
        Shown::Named(entries) => {
            for (name, entry) in entries {
                flatten(&child(path, name), entry, values);
            }
        }
        Shown::Tables(entries) => {
            for (index, entry) in entries.iter().enumerate() {
                flatten(&format!("{path}[{index}]"), entry, values);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Environment, Layers, load, section};

    section! {
        /// An entry.
        struct Entry {
            /// A name.
            name: Option<String> = None,
        }
    }

    section! {
        /// All.
        struct All {
            /// A number.
            number: u16 = 1,
            /// A text.
            text: Option<String> = None,
            /// Entries.
            entries: Vec<Entry> = Vec::new(),
        }
    }

    fn config(text: &str) -> All {
        let layers = Layers::new(Environment::default()).text("a.toml", text);
        load(&layers, |_: &All, _| {}).config.unwrap()
    }

    #[test]
    fn each_key_that_differs_is_named_with_both_values() {
        let first = "number = 2\n[[entries]]\nname = \"a\"\n";
        for (second, expected) in [
            (first, &[][..]),
            ("number = 3\n[[entries]]\nname = \"a\"\n", &["number: 2 -> 3"]),
            (
                "number = 2\ntext = \"x\"\n",
                &["entries[0].name: \"a\" -> not set", "text: not set -> \"x\""],
            ),
        ] {
            let found = changes(&config(first), &config(second));
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found, expected, "{second}");
        }
    }
}
