//! One `[[routes]]` entry.

use std::path::PathBuf;

use http::Method;
use mantlet_config::{ByteSize, Complaint, RawTable, Scalar, Value, section};

use super::{HostPattern, PathPattern};
use crate::identity::{RequireSetting, ThingName};
use crate::upstream::ServerAddress;

section! {
    /// One route: which requests it is for, where they go, and what holds for them. A route without
    /// `upstream`, `static`, `redirect` and `deny` only changes what holds below its path.
    pub struct RouteSection {
        /// Host names this route is for; `*.example.org` covers every host below it. Empty: all.
        pub host: Vec<HostPattern> = Vec::new(),
        /// Path this route is for; `/admin/*` covers `/admin` too. `{user}` stands for any one
        /// segment, `/{*rest}` at the end for everything below as `/*` does; what stands there in a
        /// request, `require` can compare with who asks.
        pub path: PathPattern = PathPattern::all(),
        /// Methods this route is for. Empty: all.
        pub methods: Vec<MethodName> = Vec::new(),
        /// Send requests to these servers, as in `[upstream] url`.
        pub upstream: Vec<ServerAddress> = Vec::new(),
        /// Answer with files of this folder.
        pub static_dir as "static": Option<PathBuf> = None,
        /// With `static`: the file, below the folder, that answers page loads of paths at which there
        /// is none, for applications of a single page. Never in place of a missing script, style or
        /// image.
        pub fallback: Option<String> = None,
        /// With `fallback`: also for paths that end in a name with an extension.
        pub fallback_for_assets: bool = false,
        /// With `static`: send `NAME.br` or `NAME.gz` in place of `NAME`, where they are there and
        /// the client reads them.
        pub precompressed: bool = false,
        /// With `static`: files with a hash in their name, as `app-5f3c9a1b.js`, never change;
        /// browsers keep them for a year and ask again for all others.
        pub immutable: bool = false,
        /// Answer 308 with this address; `{path}` and `{query}` stand for the request's own, the query
        /// with its `?` where the address has none before it.
        pub redirect: Option<String> = None,
        /// Refuse every request.
        pub deny: bool = false,
        /// What it asks for, besides what the routes around it do: `"login"`,
        /// `{ permission = "…" }`, `{ role = "…" }`, `{ class = "…" }`, `{ owner = "{user}" }`,
        /// `{ within = "5m" }`, `{ second_factor = true }`, or a list of these of which all must be
        /// met. `"none"` opens it to everybody, whatever the routes around it ask for.
        pub require: Option<RequireSetting> = None,
        /// What things are called here, for approvals: text with parameters of the path, for example
        /// `project:{project}`. Unset: as a route around it says.
        pub resource: Option<ThingName> = None,
        /// Answers take data out of the application: who took how much of what is in the audit
        /// record, and counted. Whether they may is for `require` to say. Unset: as a route around it
        /// says.
        pub export: Option<bool> = None,
        /// Asked over plain HTTP where HTTPS is to be used: refuse (`true`, for programs) or
        /// redirect (`false`, for people). Unset: judged by what each request carries.
        pub api: Option<bool> = None,
        /// Bodies are uploads: streamed to the upstream and not held for inspection.
        pub upload: Option<bool> = None,
        /// Largest request body.
        pub body_limit: Option<ByteSize> = None,
        /// What WebSockets may do here, where it differs: `[routes.websocket]`.
        pub websocket: RawTable = RawTable::default(),
        /// What guards do here, where it differs: `[routes.guards.limit]` and so on.
        pub guards: RawTable = RawTable::default(),
    }
}

/// What a route does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Forward it to one of these.
    Upstream(Vec<ServerAddress>),
    /// Answer with a file.
    Static(StaticFiles),
    /// Answer with a redirect.
    Redirect(String),
    /// Refuse it.
    Deny,
}

/// A folder whose files are served, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StaticFiles {
    /// The folder.
    pub folder: PathBuf,
    /// See [`RouteSection::fallback`].
    pub fallback: Option<String>,
    /// See [`RouteSection::fallback_for_assets`].
    pub is_for_assets: bool,
    /// See [`RouteSection::precompressed`].
    pub has_precompressed: bool,
    /// See [`RouteSection::immutable`].
    pub is_immutable: bool,
}

impl RouteSection {
    /// The folder that is served; `None` when the route serves none.
    fn static_files(&self) -> Option<StaticFiles> {
        Some(StaticFiles {
            folder: self.static_dir.clone()?,
            fallback: self.fallback.clone(),
            is_for_assets: self.fallback_for_assets,
            has_precompressed: self.precompressed,
            is_immutable: self.immutable,
        })
    }

    /// The keys that say how files are served, without saying which.
    #[must_use]
    pub fn idle_keys(&self) -> Vec<&'static str> {
        let has_folder = self.static_dir.is_some();
        let has_fallback = has_folder && self.fallback.is_some();
        [
            ("fallback", self.fallback.is_some() && !has_folder),
            ("fallback_for_assets", self.fallback_for_assets && !has_fallback),
            ("precompressed", self.precompressed && !has_folder),
            ("immutable", self.immutable && !has_folder),
        ]
        .into_iter()
        .filter_map(|(key, is_idle)| is_idle.then_some(key))
        .collect()
    }

    /// The one action of this route; `None` when it has none.
    ///
    /// # Errors
    /// The keys that name an action, when there is more than one.
    pub fn action(&self) -> Result<Option<Action>, Vec<&'static str>> {
        let upstream = (!self.upstream.is_empty())
            .then(|| ("upstream", Action::Upstream(self.upstream.clone())));
        let folder = self.static_files().map(|files| ("static", Action::Static(files)));
        let redirect = self.redirect.clone().map(|to| ("redirect", Action::Redirect(to)));
        let deny = self.deny.then_some(("deny", Action::Deny));
        let mut named: Vec<_> = [upstream, folder, redirect, deny].into_iter().flatten().collect();
        match named.len() {
            0 | 1 => Ok(named.pop().map(|(_, action)| action)),
            _ => Err(named.into_iter().map(|(key, _)| key).collect()),
        }
    }
}

/// An HTTP method in a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodName(pub Method);

impl Scalar for MethodName {
    const KIND: &'static str = "HTTP method";
    const EXAMPLE: &'static str = "POST";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write it in capitals, for example `GET`";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a method", hint))?;
        let is_method =
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
        match Method::from_bytes(text.as_bytes()) {
            Ok(method) if is_method => Ok(Self(method)),
            _ => Err(Complaint::new(format!("`{text}` is not a method"), hint)),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.0.to_string())
    }
}
