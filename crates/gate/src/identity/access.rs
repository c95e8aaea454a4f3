//! `[access]`: roles, and what every path asks for.

use std::path::PathBuf;
use std::sync::Arc;

use mantlet_access::{
    Access, PROFILES, Require, Requirement, RoleTable, Roles, SharedPolicies, profile,
};
use mantlet_config::{Reader, section};
use mantlet_types::DataClass;

use super::{CedarSection, RequireSetting, Rule, Thing, ThingName};
use crate::guards::RuleFile;
use crate::stages::hygiene::{PathPolicy, normalize};
use crate::stages::route::{Action, HostPattern, Layer, PathPattern, RouteSection};
use crate::upstream::ServerAddress;

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
        /// Whom to ask what a request is about, where only the application knows.
        pub facts: FactsSection = FactsSection::default(),
        /// Policies in Cedar, for whoever needs more than roles, owners and classes.
        pub cedar: CedarSection = CedarSection::default(),
    }
}

section! {
    /// The application states whose a thing is, who belongs to it and how sensitive it is: for a
    /// request of `/projects/7` it is asked for `URL/projects/7?method=GET`, before it sees the
    /// request.
    pub struct FactsSection {
        /// Where it is asked, for example `http://127.0.0.1:5000/.facts`. Clients never reach that
        /// path. Unset: nobody is asked, and every thing is restricted and nobody's.
        pub url: Option<ServerAddress> = None,
    }
}

impl FactsSection {
    /// The route that keeps clients from where the application is asked.
    pub(crate) fn layer(&self) -> Option<Layer> {
        let base = self.url.as_ref().map(ServerAddress::base).filter(|base| !base.is_empty())?;
        Some(Layer {
            index: None,
            host: HostPattern::Any,
            path: PathPattern::under(base),
            methods: Vec::new(),
            action: Some(Action::Deny),
        })
    }

    /// Finds what the types cannot say.
    pub(crate) fn check(&self, reader: &mut Reader<'_>) {
        let Some(url) = &self.url else { return };
        if url.base().is_empty() {
            let message =
                format!("`{url}` has no path: it would be asked for the things themselves");
            let hint = "write for example `http://127.0.0.1:5000/.facts`";
            return reader.error("access.facts.url", message, hint);
        }
        let is_normal = normalize(url.base(), &PathPolicy::default())
            .is_ok_and(|path| path.as_str() == url.base());
        if !is_normal {
            let message = format!("`{url}` is not in normal form");
            reader.error(
                "access.facts.url",
                message,
                "write for example `http://127.0.0.1:5000/.facts`",
            );
        }
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

/// Finds what is asked about and nobody tells: it would close a path without a word.
fn check_told(
    root: Option<&Require>,
    routes: &[Option<Require>],
    sections: &[RouteSection],
    reader: &mut Reader<'_>,
) {
    let keyed = routes.iter().zip(sections).enumerate().map(|(index, (require, section))| {
        (format!("routes[{index}].require"), require.as_ref(), Some(section))
    });
    for (key, require, section) in keyed.chain([("access.require".to_owned(), root, None)]) {
        let Some(Require::Of(requirement)) = require else { continue };
        let has = |name: &str| {
            let mut parameters = section.into_iter().flat_map(|it| it.path.parameters());
            parameters.any(|(own, _)| own == name)
        };
        let unknown = requirement.facts().into_iter().find(|name| !has(name));
        let hint =
            "name a parameter of the path, as in `/users/{user}/*`, or set `[access.facts] url`";
        if let Some(name) = unknown {
            reader.error(&key, format!("nobody tells who `{name}` is"), hint);
        } else if requirement.asks_for(DataClass::Public).0 {
            let hint =
                "name the class, as in { class = \"internal\" }, or set `[access.facts] url`";
            reader.error(&key, "nobody tells of which class things are", hint);
        }
    }
}

/// What paths ask for, resolved.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The table of roles.
    pub roles: Arc<Roles>,
    /// The policies; `None` where there are none.
    pub policies: Option<SharedPolicies>,
    /// What they can be asked about.
    actions: Vec<String>,
    /// The file of the table, where it does not come with Mantlet, and those of policies.
    pub(crate) files: Vec<RuleFile>,
    /// Whether anything asks for an identity anywhere.
    is_anywhere: bool,
    root: Option<Require>,
    routes: Vec<Option<Require>>,
    names: Vec<Option<ThingName>>,
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
        let named = routes;
        let keyed = routes.iter().enumerate();
        let routes: Vec<Option<Require>> = keyed
            .map(|(index, route)| parse(&format!("routes[{index}].require"), &route.require))
            .collect();
        if access.facts.url.is_none() {
            check_told(root.as_ref(), &routes, named, reader);
        }
        let is_asked = |require: &Option<Require>| matches!(require, Some(Require::Of(_)));
        let is_anywhere = is_asked(&root) || routes.iter().any(is_asked);
        let names = named.iter().map(|route| route.resource.clone()).collect();
        let actions = access.cedar.all_actions(root.iter().chain(routes.iter().flatten()));
        let (policies, mut files) = access.cedar.load(&actions, reader);
        files.extend(file);
        let roles = Arc::new(roles);
        Self { roles, policies, actions, files, is_anywhere, root, routes, names }
    }

    /// The schema of what policies are told, in Cedar's own language, with every action that they
    /// can be asked about.
    #[must_use]
    pub fn schema(&self) -> String {
        mantlet_policy::schema(&self.actions)
    }

    /// Whether anything asks for an identity anywhere.
    #[must_use]
    pub const fn is_anywhere(&self) -> bool {
        self.is_anywhere
    }

    /// What is asked for where these layers hold, from the widest to the narrowest. Where layers
    /// cross, what each asks for holds: one opens only what the layers around it have closed.
    pub(crate) fn rule(&self, layers: &[&Layer]) -> Rule {
        let require = |layer: &Layer| self.routes.get(layer.index?).and_then(Option::as_ref);
        let is_lifted = |around: &Layer| {
            let mut opening = layers.iter().filter(|it| require(it) == Some(&Require::None));
            opening.any(|it| {
                let is_narrower = it.methods.len() > around.methods.len() || !it.is_around(around);
                around.is_around(it) && is_narrower
            })
        };
        let has_opening = layers.iter().any(|layer| require(layer) == Some(&Require::None));
        let start = Access::start(self.is_anywhere);
        let start = match has_opening {
            true => start.narrow(Some(&Require::None)),
            false => start.narrow(self.root.as_ref()),
        };
        let asking = layers.iter().filter(|layer| !is_lifted(layer));
        let asked = asking.filter_map(|layer| require(layer)).filter(|it| **it != Require::None);
        let access = asked.fold(start, |access, asked| access.narrow(Some(asked)));
        let named = |layer: &&Layer| self.names.get(layer.index?).and_then(Clone::clone);
        let name = layers.iter().rev().find_map(named);
        let thing = Thing::new(layers.iter().copied(), name);
        let has_policy = access.requirement().is_some_and(Requirement::has_policy);
        let policies = self.policies.clone().filter(|_| has_policy);
        Rule { access, roles: Arc::clone(&self.roles), thing, policies }
    }

    /// The rule of what is ours and open to everybody.
    pub(crate) fn open(&self) -> Rule {
        let roles = Arc::clone(&self.roles);
        Rule { access: Access::Open, roles, thing: Thing::default(), policies: None }
    }
}
