//! The repository's files as one value, so that every rule is a pure function over it and a test
//! can hand it a made-up tree.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Outcome, environment};

/// Folders that hold build products, fetched packages or fuzzing finds, never our text.
const NOT_OURS: &[&str] =
    &[".git", "target", ".venv", "__pycache__", "fuzz/artifacts", "fuzz/corpus", "node_modules"];

/// Every file of the repository by its path relative to the root, with `/` as the separator.
/// The text of a file that is not UTF-8 is empty.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads the repository this chore belongs to.
    pub(crate) fn load() -> Outcome<Self> {
        let mut tree = Self::default();
        tree.read_folder(&environment::root(), "")?;
        Ok(tree)
    }

    #[cfg(test)]
    pub(crate) fn sample(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self { files: files.iter().map(owned).collect() }
    }

    fn read_folder(&mut self, root: &Path, prefix: &str) -> Outcome<()> {
        let folder = root.join(prefix);
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let entry = entry.map_err(|error| format!("{}: {error}", folder.display()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = match prefix {
                "" => name.clone(),
                _ => format!("{prefix}/{name}"),
            };
            let kind = entry.file_type().map_err(|error| format!("{path}: {error}"))?;
            if NOT_OURS.contains(&name.as_str()) || NOT_OURS.contains(&path.as_str()) {
                continue;
            }
            if kind.is_dir() {
                self.read_folder(root, &path)?;
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).map_err(|error| format!("{path}: {error}"))?;
                let text = String::from_utf8(bytes).unwrap_or_default();
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    /// The text of the file at `path`; `None` when there is no such file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// Whether `path` is a file, or a folder with a file in it.
    pub(crate) fn holds(&self, path: &str) -> bool {
        let inside = format!("{path}/");
        path.is_empty()
            || self.files.contains_key(path)
            || self
                .files
                .range(inside.clone()..)
                .next()
                .is_some_and(|(found, _)| found.starts_with(&inside))
    }

    /// Every file with its text, in the order of the paths.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files under `folder` (no trailing slash) whose name ends in `.extension`.
    pub(crate) fn under<'a>(
        &'a self,
        folder: &'a str,
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.iter().filter(move |(path, _)| {
            let inside = path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
            inside && path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_when_a_file_lies_in_it() {
        let tree = Tree::sample(&[("docs/start.md", "")]);
        assert!(tree.holds("docs") && tree.holds("docs/start.md"));
        assert!(!tree.holds("doc") && !tree.holds("docs/start"));
    }

    #[test]
    fn the_real_tree_has_the_workspace_manifest_and_no_build_products() {
        let tree = Tree::load().unwrap();
        assert!(tree.holds("Cargo.toml"));
        assert!(!tree.holds("target"));
    }
}
