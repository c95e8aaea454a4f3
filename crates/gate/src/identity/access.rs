//! `[access]`: roles, and what every path asks for.

use std::path::PathBuf;
use std::sync::Arc;

use mantlet_access::{Access, PROFILES, Require, RoleTable, Roles, profile};
use mantlet_config::{Reader, section};

use super::{RequireSetting, Rule};
use crate::guards::RuleFile;
use crate::stages::route::RouteSection;

/// The largest table of roles, in bytes.
const MAX_TABLE: usize = 1024 * 1024;

/// The table where none is named.
const USUAL: &str = "standard";

section! {
    /// Who may what. Once a path anywhere asks for an identity, every path that no rule opens is
    /// closed.
    pub struct AccessSection {
        /// What every path asks for, unless a route says more or opens it: `"login"` is what
        /// `--require-login` says.
        pub require: Option<RequireSetting> = None,
        /// A file of roles and permissions.
        pub roles: Option<PathBuf> = None,
        /// A table of roles that comes with Mantlet: `standard`, `dashboard`, `monitoring`,
        /// `publishing`, `research` or `agents`. Unset, and without `roles`: `standard`.
        pub profile: Option<String> = None,
    }
}

impl AccessSection {
    /// The table of roles, and the file that it came from.
    fn load(&self, reader: &mut Reader<'_>) -> Option<(Roles, Option<RuleFile>)> {
        if self.roles.is_some() && self.profile.is_some() {
            let message = "`roles` and `profile` both name a table of roles";
            reader.error("access.profile", message, "keep one of them");
            return None;
        }
        let (key, table, file) = match &self.roles {
            Some(path) => {
                let (text, file) = match read(path) {
                    Ok(read) => read,
                    Err(message) => {
                        reader.error("access.roles", message, "see that the file can be read");
                        return None;
                    }
                };
                ("access.roles", RoleTable::parse(&text), Some(file))
            }
            None => {
                let name = self.profile.as_deref().unwrap_or(USUAL);
                match profile(name).transpose() {
                    Some(table) => ("access.profile", table, None),
                    None => {
                        let known: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
                        let name: String = name.chars().take(60).collect();
                        let message = format!("there is no profile `{}`", name.escape_debug());
                        let hint = format!("use one of {}", known.join(", "));
                        reader.error("access.profile", message, hint);
                        return None;
                    }
                }
            }
        };
        match table.and_then(|table| Roles::compile(&table)) {
            Ok(roles) => Some((roles, file)),
            Err(problems) => {
                for problem in &problems.0 {
                    let hint = "see `docs/reference/config.md` for the form of a table of roles";
                    reader.error(key, problem.to_string(), hint);
                }
                None
            }
        }
    }
}

fn read(path: &std::path::Path) -> Result<(String, RuleFile), String> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
    if bytes.len() > MAX_TABLE {
        return Err(format!("`{shown}` is larger than {MAX_TABLE} bytes"));
    }
    let file = RuleFile::of(path, &bytes);
    let text = String::from_utf8(bytes).map_err(|_| format!("`{shown}` is not UTF-8"))?;
    Ok((text, file))
}

/// What paths ask for, resolved.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The table of roles.
    pub roles: Arc<Roles>,
    /// The file of the table; `None` for one that comes with Mantlet.
    pub(crate) file: Option<RuleFile>,
    /// Whether anything asks for an identity anywhere.
    is_anywhere: bool,
    root: Option<Require>,
    routes: Vec<Option<Require>>,
}

impl Asked {
    /// Reads what `[access]` and the routes ask for; problems go to `reader`.
    pub(crate) fn read(
        access: &AccessSection,
        routes: &[RouteSection],
        reader: &mut Reader<'_>,
    ) -> Self {
        let (roles, file) = access.load(reader).unwrap_or_default();
        let mut parse = |key: &str, setting: &Option<RequireSetting>| {
            let require = setting.as_ref()?.parse_with(&roles);
            let told = |error: mantlet_access::RequirementError| {
                let hint = "names of roles and permissions come from `[access]`";
                reader.error(key, error.to_string(), hint);
            };
            require.map_err(told).ok()
        };
        let root = parse("access.require", &access.require);
        let keyed = routes.iter().enumerate();
        let routes: Vec<Option<Require>> = keyed
            .map(|(index, route)| parse(&format!("routes[{index}].require"), &route.require))
            .collect();
        let is_asked = |require: &Option<Require>| matches!(require, Some(Require::Of(_)));
        let is_anywhere = is_asked(&root) || routes.iter().any(is_asked);
        Self { roles: Arc::new(roles), file, is_anywhere, root, routes }
    }

    /// Whether anything asks for an identity anywhere.
    #[must_use]
    pub const fn is_anywhere(&self) -> bool {
        self.is_anywhere
    }

    /// What is asked for where these routes hold, from the widest to the narrowest.
    pub(crate) fn rule(&self, routes: impl Iterator<Item = usize>) -> Rule {
        let start = Access::start(self.is_anywhere).narrow(self.root.as_ref());
        let access = routes.fold(start, |access, index| {
            access.narrow(self.routes.get(index).and_then(Option::as_ref))
        });
        Rule { access, roles: Arc::clone(&self.roles) }
    }

    /// The rule of what is ours and open to everybody.
    pub(crate) fn open(&self) -> Rule {
        Rule { access: Access::Open, roles: Arc::clone(&self.roles) }
    }
}
