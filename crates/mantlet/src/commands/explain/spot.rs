//! Which requests an exception is for.

use mantlet_config::{Scalar as _, Value as TomlValue};
use mantlet_event::REDACTED;
use mantlet_gate::stages::route::{HostPattern, MethodName, PathPattern};
use serde_json::Value as Json;

/// A path, with the host and the method where these have one meaning.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) path: String,
    pub(super) host: Option<String>,
    pub(super) method: Option<String>,
}

impl Spot {
    /// The place of a recorded refusal; `None` where no route can name its path: one that was cut
    /// or redacted, or ends like a pattern.
    pub(super) fn of(record: &Json) -> Option<Self> {
        let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
        let path = text("url.path").to_owned();
        let pattern = PathPattern::parse(&TomlValue::String(path.clone()));
        if !pattern.is_ok_and(|pattern| pattern.is_single()) || path.contains(REDACTED) {
            return None;
        }
        let (host, method) =
            (text("url.domain").to_owned(), text("http.request.method").to_owned());
        let is_host = matches!(
            HostPattern::parse(&TomlValue::String(host.clone())),
            Ok(HostPattern::Exact(_))
        );
        let is_method = MethodName::parse(&TomlValue::String(method.clone())).is_ok();
        Some(Self { path, host: is_host.then_some(host), method: is_method.then_some(method) })
    }

    /// The same for all paths of `pattern`, which must be one of them.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub(super) fn widened(self, pattern: &str) -> Result<Self, String> {
        let wide = PathPattern::parse(&TomlValue::String(pattern.to_owned()));
        let wide = wide.map_err(|error| error.to_string())?;
        let own = PathPattern::parse(&TomlValue::String(self.path.clone()));
        if !own.is_ok_and(|own| wide.covers(&own)) {
            let path = self.path;
            return Err(format!("`{pattern}` is not for `{path}`\n  hint: name a path around it"));
        }
        Ok(Self { path: wide.to_string(), ..self })
    }
}
