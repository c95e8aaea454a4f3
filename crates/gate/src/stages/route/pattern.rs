//! What a route's `host` and `path` say.

use std::fmt;

use mantlet_config::{Complaint, Scalar, Value};

use crate::stages::hygiene::{PathPolicy, canonical_ipv6, normalize};

/// Which hosts a route is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// Every host.
    Any,
    /// Exactly this one, lower case.
    Exact(String),
    /// Every host that ends in this suffix, which begins with a dot: `*.example.org`.
    Under(String),
}

impl HostPattern {
    /// Whether every host of `other` is one of ours.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Under(suffix), Self::Exact(name)) => name.ends_with(suffix.as_str()),
            (Self::Under(suffix), Self::Under(longer)) => longer.ends_with(suffix.as_str()),
            _ => false,
        }
    }

    /// Orders patterns that cover one another: a larger rank is more specific.
    pub(super) const fn rank(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Under(suffix) => suffix.len(),
            Self::Exact(_) => usize::MAX,
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(name) => f.write_str(name),
            Self::Under(suffix) => write!(f, "*{suffix}"),
        }
    }
}

impl Scalar for HostPattern {
    const KIND: &'static str = "host name or `*.name`";
    const EXAMPLE: &'static str = "app.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint =
            "write a host name without port, for example `app.example.org` or `*.example.org`";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a host name", hint))?;
        let lower = text.trim_end_matches('.').to_ascii_lowercase();
        if lower == "*" {
            return Ok(Self::Any);
        }
        let name = lower.strip_prefix("*.").unwrap_or(&lower);
        let is_label = |label: &str| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        if let Some(address) = canonical_ipv6(&lower) {
            return Ok(Self::Exact(address));
        }
        if !name.split('.').all(is_label) || name.len() > 253 {
            return Err(Complaint::new(format!("`{text}` is not a host name"), hint));
        }
        Ok(if lower == name { Self::Exact(lower) } else { Self::Under(format!(".{name}")) })
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// Which paths a route is for. Stored without trailing slash; the root prefix is empty.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathPattern {
    /// Exactly this path, with or without a trailing slash.
    Exact(String),
    /// This path and everything below it: `/admin/*` covers `/admin`, `/admin/` and `/admin/x`.
    Under(String),
}

impl PathPattern {
    /// The pattern of every path.
    #[must_use]
    pub const fn all() -> Self {
        Self::Under(String::new())
    }

    /// Whether every path of `other` is one of ours.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(one), Self::Exact(two)) => one == two,
            (Self::Exact(_), Self::Under(_)) => false,
            (Self::Under(prefix), Self::Exact(path) | Self::Under(path)) => {
                let path = if path == "/" { "" } else { path };
                path.strip_prefix(prefix.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    /// Orders patterns that cover one another: a larger rank is more specific.
    pub(super) fn rank(&self) -> (usize, bool) {
        match self {
            Self::Under(path) => (path.len(), false),
            Self::Exact(path) if path == "/" => (0, true),
            Self::Exact(path) => (path.len(), true),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(&spell(path)),
            Self::Under(path) => write!(f, "{}/*", spell(path)),
        }
    }
}

/// A normal path as it is written in a pattern: there, a star of its own is an escape.
fn spell(path: &str) -> String {
    path.replace('*', "%2A")
}

impl Scalar for PathPattern {
    const KIND: &'static str = "path, or a path ending in `/*`";
    const EXAMPLE: &'static str = "/admin/*";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write a path such as `/health`, or `/admin/*` for it and everything below";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a path", hint))?;
        let (path, is_prefix) = match text.strip_suffix("/*") {
            Some(prefix) => (prefix, true),
            None => (text, false),
        };
        if !(path.starts_with('/') || (path.is_empty() && is_prefix)) || path.contains('*') {
            return Err(Complaint::new(format!("`{text}` is not a path pattern"), hint));
        }
        if path.is_empty() {
            return Ok(Self::all());
        }
        let encoded = encoded(path);
        if encoded != path {
            return Err(Complaint::new(
                format!("`{text}` is not how a path is sent"),
                format!("write `{encoded}{}`", if is_prefix { "/*" } else { "" }),
            ));
        }
        let normal = normalize(path, &PathPolicy::lenient())
            .map_err(|error| Complaint::new(format!("`{text}`: {error}"), hint))?;
        let key = normal.match_key();
        let spelled = spell(key);
        if spelled != path.trim_end_matches('/') && path != "/" {
            return Err(Complaint::new(
                format!("`{text}` is not in normal form"),
                format!("write `{spelled}`: paths are compared after they were normalised"),
            ));
        }
        Ok(match (is_prefix, key) {
            (true, "/") => Self::all(),
            (true, key) => Self::Under(key.to_owned()),
            (false, key) => Self::Exact(key.to_owned()),
        })
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// `path` with every byte percent-encoded that a client would have to encode.
fn encoded(path: &str) -> String {
    let needs_escape = |byte: u8| !byte.is_ascii_graphic() || b"\"<>^`{|}?#".contains(&byte);
    let escape = |byte: u8| match needs_escape(byte) {
        true => format!("%{byte:02X}"),
        false => char::from(byte).to_string(),
    };
    path.bytes().map(escape).collect()
}
