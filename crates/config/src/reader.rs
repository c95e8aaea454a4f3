//! Reading typed settings from the layers, collecting every problem on the way.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Value;

use crate::document::{self, Document};
use crate::layers::Flag;
use crate::nearest::{nearest, shown, suggestion};
use crate::node::Content;
use crate::problem::MAX_PROBLEMS;
use crate::{Complaint, Environment, Level, Node, Place, Problem, Problems, Provenance, Setting};

/// Reads settings and collects what is wrong with them.
#[derive(Debug)]
pub struct Reader<'a> {
    document: &'a Document,
    environment: &'a Environment,
    flags: &'a [Flag],
    /// The key that is being read: `routes[2].path`.
    path: String,
    problems: Problems,
    provenance: Provenance,
    /// Flags and variables that were asked for.
    asked: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        document: &'a Document,
        environment: &'a Environment,
        flags: &'a [Flag],
    ) -> Self {
        Self {
            document,
            environment,
            flags,
            path: String::new(),
            problems: document.problems.clone(),
            provenance: Provenance::default(),
            asked: BTreeSet::new(),
        }
    }

    /// Reports an error at `key`, an absolute key path such as `routes[2].path`. Its place is where
    /// that key was written, else the nearest table around it, else the file.
    pub fn error(&mut self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let place = self.place_of(key);
        self.add(Level::Error, place, message.into(), hint.into());
    }

    /// Reports a warning at `key`; see [`Reader::error`].
    pub fn warn(&mut self, key: &str, message: impl Into<String>, hint: impl Into<String>) {
        let place = self.place_of(key);
        self.add(Level::Warning, place, message.into(), hint.into());
    }

    /// Reports what is wrong with the value at `node`.
    pub fn complain(&mut self, node: &Node, complaint: Complaint) {
        self.add(Level::Error, node.place.clone(), complaint.message, complaint.hint);
    }

    /// Reports an error at `key` when its value lies outside `range`.
    pub fn expect_range<T: PartialOrd + Display>(
        &mut self,
        key: &str,
        value: &T,
        range: &RangeInclusive<T>,
    ) {
        if !range.contains(value) {
            let hint = format!("choose {} to {}", range.start(), range.end());
            self.error(key, format!("`{value}` is out of range"), hint);
        }
    }

    /// Whether a flag, a variable or the file says something at `key`, usable or not. A file that
    /// could not be read as a whole may have said anything: see [`Reader::is_file_broken`].
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.provenance.overlay(key).is_some() || self.document.place_of(key).is_some()
    }

    /// Whether there is a file that could not be read, or that is not TOML throughout.
    #[must_use]
    pub fn is_file_broken(&self) -> bool {
        self.document.problems.has_errors()
    }

    /// Whether anything is wrong so far.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.problems.has_errors()
    }

    /// The key that is being read, as an absolute key path; empty at the root.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.path
    }

    /// What holds for the key that is being read, given what the file says: its flag, else its
    /// variable, else `node`. Notes where it came from.
    pub fn effective<'n>(&mut self, node: Option<&'n Node>) -> Option<Cow<'n, Node>> {
        let found = self.overlay().map(Cow::Owned).or_else(|| node.map(Cow::Borrowed));
        if let Some(node) = &found {
            self.provenance.record(&self.path, node.place.clone());
        }
        found
    }

    /// The table of a section, its keys checked against the known ones; `None` when it is absent
    /// or no table.
    pub fn table<'n>(&mut self, node: Option<&'n Node>, known: &[&str]) -> Option<&'n Node> {
        let node = node?;
        let Content::Table(entries) = &node.content else {
            self.expected_table(node);
            return None;
        };
        let unknown = entries.iter().filter(|(key, _)| !known.contains(&key.as_str()));
        // One more than can be kept, so that the rest shows as cut.
        for (key, entry) in unknown.take(MAX_PROBLEMS.saturating_add(1)) {
            let message = format!("unknown key `{}`", shown(&child(&self.path, key)));
            let hint = format!("{}known keys: {}", suggestion(key, known), known.join(", "));
            self.add(Level::Error, entry.place.clone(), message, hint);
        }
        Some(node)
    }

    /// Reports that `node` should be the table of a section.
    pub(crate) fn expected_table(&mut self, node: &Node) {
        let message = format!("expected a table of keys, found `{}`", written(node));
        let hint = format!("write `{}` and the keys below it", header(&self.path));
        self.complain(node, Complaint::new(message, hint));
    }

    /// Reads the key of a section.
    pub fn field<T: Setting>(&mut self, table: Option<&Node>, key: &str, base: &T) -> T {
        let node = table.and_then(|table| table.lookup(key));
        let path = child(&self.path, key);
        self.within(path, |reader| T::read(node, base, reader))
    }

    /// Reads with `path` as the key that is being read.
    pub(crate) fn within<T>(&mut self, path: String, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.path, path);
        let value = read(self);
        self.path = outer;
        value
    }

    /// `path` as it is meant: relative ones in the file start at the file's folder.
    pub(crate) fn resolve(&self, node: &Node, path: &str) -> PathBuf {
        match &node.place {
            Place::File { .. } => self.document.folder.join(path),
            _ => Path::new(path).to_owned(),
        }
    }

    /// The problems and origins, with what is wrong with flags and variables that name no key.
    pub(crate) fn finish(mut self) -> (Problems, Provenance) {
        self.report_unknown_flags();
        self.report_misspelt_variables();
        (self.problems, self.provenance)
    }

    fn report_unknown_flags(&mut self) {
        for flag in self.flags {
            if !self.asked.contains(&flag.key) {
                let message = format!("`{}` is no key of the configuration", flag.key);
                self.add(Level::Error, Place::Flag(Arc::clone(&flag.name)), message, String::new());
            }
        }
    }

    /// Other variables may begin with the prefix for reasons of their own, so only a name that is
    /// close to a key's is worth a word.
    fn report_misspelt_variables(&mut self) {
        let known: Vec<String> = self.asked.iter().map(|key| Environment::name_of(key)).collect();
        let stems: Vec<String> = known.iter().map(|name| Environment::stem(name)).collect();
        let stems: Vec<&str> = stems.iter().map(String::as_str).collect();
        for name in self.environment.overriding_names() {
            let stem = Environment::stem(name);
            let near = nearest(&stem, &stems).filter(|near| *near != stem);
            if let Some(near) = near {
                let hint = format!("did you mean `{}`?", Environment::name_of(near));
                let place = Place::Environment(name.into());
                self.add(Level::Warning, place, "names no key".to_owned(), hint);
            }
        }
    }

    fn add(&mut self, level: Level, place: Place, message: String, hint: String) {
        if self.document.is_broken_at(&place) {
            return;
        }
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        self.problems.add(Problem { place, level, message, hint });
    }

    /// The flag or variable for the key that is being read. There is none for entries of lists.
    fn overlay(&mut self) -> Option<Node> {
        if self.path.contains('[') || self.path.is_empty() {
            return None;
        }
        self.asked.insert(self.path.clone());
        if let Some(flag) = self.flags.iter().rev().find(|flag| flag.key == self.path) {
            return Some(document::from_text(&flag.value, &Place::Flag(Arc::clone(&flag.name))));
        }
        let name = Environment::name_of(&self.path);
        let value = self.environment.lookup(&name)?;
        Some(document::from_text(value, &Place::Environment(name.into())))
    }

    fn place_of(&self, key: &str) -> Place {
        let mut prefix = key;
        while !prefix.is_empty() {
            if let Some(place) = self.provenance.overlay(prefix) {
                return place.clone();
            }
            if let Some(place) = self.document.place_of(prefix) {
                return place;
            }
            let end = prefix.rfind(['.', '[']).unwrap_or(0);
            prefix = prefix.get(..end).unwrap_or_default();
        }
        self.document.whole()
    }
}

/// The key path of `key` in `table`.
pub(crate) fn child(table: &str, key: &str) -> String {
    if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") }
}

/// The header under which the keys of a table are written.
fn header(path: &str) -> String {
    let names = path.split(['.', '[']).filter(|step| !step.ends_with(']'));
    let header = names.collect::<Vec<_>>().join(".");
    if path.ends_with(']') { format!("[[{header}]]") } else { format!("[{header}]") }
}

fn written(node: &Node) -> String {
    match &node.content {
        Content::Value(Value::String(text)) => shown(text),
        _ => shown(&node.to_value().to_string()),
    }
}
