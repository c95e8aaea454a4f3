//! `[access.cedar]`: files of policies, read and compiled.

use std::path::{Path, PathBuf};

use mantlet_access::{Require, SharedPolicies};
use mantlet_config::{Reader, section};
use mantlet_policy::{Source, compile};

use crate::guards::RuleFile;

/// The most that all files may hold, in bytes.
const MAX_TEXT: u64 = 1024 * 1024;

/// The most files.
const MAX_FILES: usize = 256;

section! {
    /// Policies in Cedar, for what roles, owners and classes cannot say; a route asks them with
    /// `require = { cedar = "export" }`. Builds with the feature `cedar` read them.
    pub struct CedarSection {
        /// Files of policies; of a folder every `*.cedar` file counts.
        pub policies: Vec<PathBuf> = Vec::new(),
        /// A schema to validate them against. Unset: the one that `mantlet access schema` prints.
        pub schema: Option<PathBuf> = None,
        /// Actions that no route names: applications ask about them at `/v1/authorize`.
        pub actions: Vec<String> = Vec::new(),
    }
}

/// Policies, and the files that they came from.
pub(super) type Loaded = (Option<SharedPolicies>, Vec<RuleFile>);

impl CedarSection {
    /// Every action that policies can be asked about: those of routes, and those named besides.
    pub(super) fn all_actions<'a>(
        &self,
        requires: impl Iterator<Item = &'a Require>,
    ) -> Vec<String> {
        let of_route = |require: &'a Require| match require {
            Require::Of(requirement) => requirement.actions(),
            Require::None => Vec::new(),
        };
        let of_routes = requires.flat_map(of_route).map(str::to_owned);
        let mut actions: Vec<String> = of_routes.chain(self.actions.iter().cloned()).collect();
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// Reads and compiles the policies; what is wrong goes to `reader`.
    pub(super) fn load(&self, actions: &[String], reader: &mut Reader<'_>) -> Loaded {
        let is_odd = |name: &&String| !is_action(name);
        if let Some(name) = self.actions.iter().find(is_odd) {
            let message = format!("`{}` is no name of an action", name.escape_debug());
            reader.error("access.cedar.actions", message, "write letters, digits, `_` and `-`");
            return Loaded::default();
        }
        if self.policies.is_empty() {
            if let Some(action) = actions.first() {
                let message = format!("nobody says who may `{action}`: there are no policies");
                let hint = "name files, for example policies = [\"policies/\"]";
                reader.error("access.cedar.policies", message, hint);
            } else if self.schema.is_some() {
                let message = "there are no policies to validate";
                reader.error("access.cedar.schema", message, "set `policies`, or remove it");
            }
            return Loaded::default();
        }
        self.compiled(actions, reader).unwrap_or_default()
    }

    fn compiled(&self, actions: &[String], reader: &mut Reader<'_>) -> Option<Loaded> {
        let mut shelf = Shelf::default();
        for path in &self.policies {
            if let Err(message) = shelf.add(path) {
                reader.error(
                    "access.cedar.policies",
                    message,
                    "name files of policies, or folders with `*.cedar` files",
                );
                return None;
            }
        }
        let policies = std::mem::take(&mut shelf.sources);
        if let Some(path) = &self.schema
            && let Err(message) = shelf.read(path)
        {
            reader.error("access.cedar.schema", message, "see that the file can be read");
            return None;
        }
        match compile(&policies, shelf.sources.first(), actions) {
            Ok(policies) => Some((Some(policies), shelf.files)),
            Err(problems) => {
                for problem in problems {
                    reader.error("access.cedar", problem.to_string(), problem.hint);
                }
                None
            }
        }
    }
}

/// Whether an action can be called so: as requirements name one.
fn is_action(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

/// What was read so far.
#[derive(Default)]
struct Shelf {
    sources: Vec<Source>,
    files: Vec<RuleFile>,
    size: u64,
}

impl Shelf {
    /// Reads a file, or all of a folder in the order of their names.
    fn add(&mut self, path: &Path) -> Result<(), String> {
        let shown = path.display();
        let unread = |error: std::io::Error| format!("cannot read `{shown}`: {error}");
        if !path.is_dir() {
            return self.read(path);
        }
        let mut found = Vec::new();
        for entry in std::fs::read_dir(path).map_err(unread)? {
            let entry = entry.map_err(unread)?.path();
            if entry.extension().is_some_and(|end| end == "cedar") {
                found.push(entry);
            }
        }
        if found.is_empty() {
            return Err(format!("there is no `*.cedar` file in `{shown}`"));
        }
        found.sort_unstable();
        found.iter().try_for_each(|path| self.read(path))
    }

    fn read(&mut self, path: &Path) -> Result<(), String> {
        use std::io::Read as _;
        let shown = path.display();
        let unread = |error: std::io::Error| format!("cannot read `{shown}`: {error}");
        if self.files.len() >= MAX_FILES {
            return Err(format!("there are more than {MAX_FILES} files of policies"));
        }
        let left = MAX_TEXT.saturating_sub(self.size);
        let mut bytes = Vec::new();
        let file = std::fs::File::open(path).map_err(unread)?;
        let read = file.take(left.saturating_add(1)).read_to_end(&mut bytes).map_err(unread)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        if read > left {
            return Err(format!("with `{shown}`, policies are larger than {MAX_TEXT} bytes"));
        }
        self.size = self.size.saturating_add(read);
        self.files.push(RuleFile::of(path, &bytes));
        let text = String::from_utf8(bytes).map_err(|_| format!("`{shown}` is not UTF-8"))?;
        self.sources.push(Source { name: shown.to_string(), text });
        Ok(())
    }
}
