//! One thing that is wrong with a request, as its client is told.

use serde_json::{Map, Value};

/// One thing that is wrong with a request, as its client is told: an entry of `errors` in the problem
/// document (RFC 9457, section 3). Says nothing of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The part of the request: `body`, `query`, `header`, `cookie`, `path`.
    pub place: &'static str,
    /// The name of the parameter; `None` for bodies.
    pub parameter: Option<String>,
    /// Where in the body or the parameter: a JSON pointer (RFC 6901), empty for the whole.
    pub pointer: String,
    /// The rule that is broken, as `maxLength`.
    pub keyword: &'static str,
    /// What is wanted, for people.
    pub detail: String,
}

impl Fault {
    /// The entry in the problem document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("detail".into(), self.detail.as_str().into());
        entry.insert("in".into(), self.place.into());
        if let Some(name) = &self.parameter {
            entry.insert("parameter".into(), name.as_str().into());
        }
        if self.parameter.is_none() || !self.pointer.is_empty() {
            entry.insert("pointer".into(), format!("#{}", self.pointer).into());
        }
        entry.insert("keyword".into(), self.keyword.into());
        Value::Object(entry)
    }
}
