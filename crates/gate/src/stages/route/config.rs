//! One `[[routes]]` entry.

use std::path::PathBuf;

use http::Method;
use mantlet_config::{ByteSize, Complaint, HttpUrl, RawTable, Scalar, Value, section};

use super::{HostPattern, PathPattern};

section! {
    /// One route: which requests it is for, where they go, and what holds for them. A route without
    /// `upstream`, `static`, `redirect` and `deny` only changes what holds below its path.
    pub struct RouteSection {
        /// Host names this route is for; `*.example.org` covers every host below it. Empty: all.
        pub host: Vec<HostPattern> = Vec::new(),
        /// Path this route is for; `/admin/*` covers `/admin` too.
        pub path: PathPattern = PathPattern::all(),
        /// Methods this route is for. Empty: all.
        pub methods: Vec<MethodName> = Vec::new(),
        /// Send requests to these servers.
        pub upstream: Vec<HttpUrl> = Vec::new(),
        /// Answer with files of this folder.
        pub static_dir as "static": Option<PathBuf> = None,
        /// Answer 308 with this address; `{path}` and `{query}` stand for the request's own.
        pub redirect: Option<String> = None,
        /// Refuse every request.
        pub deny: bool = false,
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
    Upstream(Vec<HttpUrl>),
    /// Answer with a file.
    Static(PathBuf),
    /// Answer with a redirect.
    Redirect(String),
    /// Refuse it.
    Deny,
}

impl RouteSection {
    /// The one action of this route; `None` when it has none.
    ///
    /// # Errors
    /// The keys that name an action, when there is more than one.
    pub fn action(&self) -> Result<Option<Action>, Vec<&'static str>> {
        let upstream = (!self.upstream.is_empty())
            .then(|| ("upstream", Action::Upstream(self.upstream.clone())));
        let folder = self.static_dir.clone().map(|folder| ("static", Action::Static(folder)));
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
