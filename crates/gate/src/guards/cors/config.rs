//! Settings of the cors guard.

use std::time::Duration;

use http::{HeaderName, Method};
use mantlet_config::{Complaint, Reader, Scalar, Value, WebOrigin, choice, section};

use crate::guards::FieldName;
use crate::guards::origin_risk;
use crate::pipeline::{Fail, Mode};
use crate::stages::route::MethodName;

/// The longest time a browser may remember a preflight: what the most patient of them honours.
const MAX_AGE_LIMIT: Duration = Duration::from_secs(86_400);

choice! {
    /// What becomes of requests from pages whose origin is not listed.
    pub enum Unlisted {
        /// They go on without a CORS header: the browser keeps the answer from the page.
        Pass => "pass",
        /// They are refused.
        Refuse => "refuse",
    }
}

section! {
    /// Says which pages of other origins may read answers.
    pub struct CorsSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the guard fails.
        pub fail: Fail = Fail::Closed,
        /// Origins whose pages may ask: scheme, host and port, exactly. `*` stands for every page
        /// and goes without credentials only. Empty: the guard is not asked, and what the
        /// application says about CORS stays.
        pub origins: Vec<AllowedOrigins> = Vec::new(),
        /// Methods that those pages may use.
        pub methods: Vec<MethodName> = [Method::GET, Method::HEAD, Method::POST].map(MethodName).into(),
        /// Request headers that those pages may set, besides the few that every page may. `*`
        /// stands for all but `Authorization` and goes without credentials only.
        pub headers: Vec<FieldName> = vec![FieldName(http::header::CONTENT_TYPE)],
        /// Headers of the answer that those pages may read, besides the few that every page may.
        pub expose: Vec<FieldName> = Vec::new(),
        /// Whether the browser sends cookies and other credentials along.
        pub credentials: bool = false,
        /// How long browsers may remember the answer to a preflight.
        pub max_age: Duration = Duration::from_secs(600),
        /// Whether pages on the public internet may reach this server in a private network.
        pub private_network: bool = false,
        /// What becomes of requests from pages whose origin is not listed.
        pub unlisted: Unlisted = Unlisted::Pass,
        /// Whether pages without an origin of their own (`Origin: null`) may ask: any page can make
        /// itself one.
        pub dangerous_null_origin: bool = false,
    }
}

impl CorsSection {
    /// Whether there is anything to enforce.
    pub(super) fn is_configured(&self) -> bool {
        !self.origins.is_empty() || self.dangerous_null_origin
    }

    /// Finds what the types cannot say; the settings are at `key`.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        let is_any = |names: &[FieldName]| names.iter().any(FieldName::is_any);
        let wildcards = [
            ("origins", self.origins.iter().any(|origin| matches!(origin, AllowedOrigins::Any))),
            ("headers", is_any(&self.headers)),
            ("expose", is_any(&self.expose)),
        ];
        for (list, _) in wildcards.iter().filter(|(_, is_any)| self.credentials && *is_any) {
            let message = "`*` does not go together with `credentials = true`";
            let hint = "name each one, or leave `credentials` out";
            reader.error(&format!("{key}.{list}"), message, hint);
        }
        if self.credentials && self.dangerous_null_origin {
            let message = "every page can ask as `null`, so this lets all of them use credentials";
            let hint = "leave out `credentials` or this";
            reader.error(&format!("{key}.dangerous_null_origin"), message, hint);
        }
        if self.max_age > MAX_AGE_LIMIT {
            let hint = "choose at most `24h`: no browser remembers longer";
            reader.error(&format!("{key}.max_age"), "the time is out of range", hint);
        }
        self.check_use(key, reader);
    }

    /// Finds settings without effect, and origins that are doubtful.
    fn check_use(&self, key: &str, reader: &mut Reader<'_>) {
        let default = Self::default();
        let chosen = [
            ("methods", self.methods != default.methods),
            ("headers", self.headers != default.headers),
            ("expose", self.expose != default.expose),
            ("credentials", self.credentials != default.credentials),
            ("max_age", self.max_age != default.max_age),
            ("unlisted", self.unlisted != default.unlisted),
        ];
        let is_off = !self.is_configured();
        for (dead, _) in chosen.iter().filter(|(_, is_chosen)| is_off && *is_chosen) {
            let hint = "name the origins whose pages may ask, in `origins`";
            reader.warn(&format!("{key}.{dead}"), "without `origins` this has no effect", hint);
        }
        let origins = self.origins.iter().filter_map(AllowedOrigins::exact);
        for origin in origins.filter(|it| self.credentials || origin_risk::is_shared(it)) {
            origin_risk::warn(&format!("{key}.origins"), origin, reader);
        }
    }
}

/// One entry of the list of origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// Every page: `*`.
    Any,
    /// This origin.
    Exact(WebOrigin),
}

impl AllowedOrigins {
    /// The origin; `None` for all of them.
    pub(super) const fn exact(&self) -> Option<&WebOrigin> {
        match self {
            Self::Any => None,
            Self::Exact(origin) => Some(origin),
        }
    }
}

impl Scalar for AllowedOrigins {
    const KIND: &'static str = "origin or `*`";
    const EXAMPLE: &'static str = WebOrigin::EXAMPLE;

    fn parse(value: &Value) -> Result<Self, Complaint> {
        match value.as_str() {
            Some("*") => Ok(Self::Any),
            Some("null") => {
                let hint = "any page can make itself one: if that is meant, `dangerous_null_origin` allows it";
                Err(Complaint::new("`null` is not an origin", hint))
            }
            _ => WebOrigin::parse(value).map(Self::Exact),
        }
    }

    fn show(&self) -> Value {
        match self {
            Self::Any => Value::String("*".into()),
            Self::Exact(origin) => origin.show(),
        }
    }
}

/// The names of a list as they stand in an answer; `None` for an empty list.
pub(super) fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Option<http::HeaderValue> {
    let text = names.collect::<Vec<_>>().join(", ");
    http::HeaderValue::from_str(&text).ok().filter(|value| !value.is_empty())
}

/// Whether a list of header names covers `name`.
pub(super) fn covers(list: &[FieldName], name: &str) -> bool {
    let is_named = |listed: &HeaderName| listed.as_str().eq_ignore_ascii_case(name);
    list.iter().any(|listed| {
        is_named(&listed.0) || (listed.is_any() && !name.eq_ignore_ascii_case("authorization"))
    })
}
