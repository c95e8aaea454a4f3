//! What a route's `host` says.

use std::fmt;

use mantlet_config::{Complaint, Scalar, Value};

use crate::stages::hygiene::canonical_ipv6;

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

    /// The hosts of both, where one covers the other; `None` where no host is of both.
    pub(super) fn meet<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        match (self.covers(other), other.covers(self)) {
            (true, _) => Some(other),
            (_, true) => Some(self),
            _ => None,
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
