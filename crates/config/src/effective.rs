//! The configuration that holds, with the origin of every value.

use std::fmt::Write;

use crate::reader::child;
use crate::{Provenance, Setting, Shown};

/// The whole configuration as TOML, with a comment after each value that says where it came from.
/// Read as a file it gives the same configuration.
#[must_use]
pub fn effective<S: Setting>(config: &S, provenance: &Provenance) -> String {
    let mut writer = Writer { text: String::new(), provenance };
    if let Shown::Table(keys) = config.show() {
        writer.table("", "", &keys);
    }
    writer.text.trim_start().to_owned()
}

struct Writer<'p> {
    text: String,
    provenance: &'p Provenance,
}

impl Writer<'_> {
    /// Writes values first: after a header every key belongs to it. `header` is the table's name
    /// in the file, `path` its key path with indexes.
    fn table(&mut self, header: &str, path: &str, keys: &[(&'static str, Shown)]) {
        for (key, shown) in keys {
            match shown {
                Shown::Value(value) => {
                    let origin = self.provenance.origin(&child(path, key)).to_string();
                    let origin: String = origin
                        .chars()
                        .map(|letter| if letter.is_control() { ' ' } else { letter })
                        .collect();
                    let _ = writeln!(self.text, "{key} = {value}  # {origin}");
                }
                Shown::Absent => {
                    let _ = writeln!(self.text, "# {key} is not set");
                }
                Shown::Table(_) | Shown::Tables(_) | Shown::Named(_) => {}
            }
        }
        for (key, shown) in keys {
            self.nested(&child(header, key), &child(path, key), shown);
        }
    }

    fn nested(&mut self, header: &str, path: &str, shown: &Shown) {
        match shown {
            Shown::Table(keys) => {
                let _ = writeln!(self.text, "\n[{header}]");
                self.table(header, path, keys);
            }
            Shown::Tables(entries) => {
                for (index, entry) in entries.iter().enumerate() {
                    let _ = writeln!(self.text, "\n[[{header}]]");
                    if let Shown::Table(keys) = entry {
                        self.table(header, &format!("{path}[{index}]"), keys);
                    }
                }
            }
            Shown::Named(entries) => {
                for (name, entry) in entries {
                    self.nested(&child(header, name), &child(path, name), entry);
                }
            }
            Shown::Value(_) | Shown::Absent => {}
        }
    }
}
