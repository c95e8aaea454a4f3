//! What a request is about, as far as its path tells: parameters, and the name of the thing.

use std::sync::Arc;

use mantlet_config::{Complaint, Scalar, Value};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::stages::hygiene::NormalPath;
use crate::stages::route::{Layer, Spot};

/// What would let two things have one name: the colon is what parts of a name stand between.
const PART: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'/').add(b':').add(b'\\');

/// The longest template, in bytes.
const MAX_TEMPLATE: usize = 256;

/// A named value out of a path.
pub type NamedValue = (String, String);

/// The parameters of every route that holds at a place, and what things are called there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thing {
    parameters: Arc<[(String, Spot)]>,
    name: Option<ThingName>,
}

impl Thing {
    /// By the layers that hold, and the name that the narrowest of them gives.
    pub(crate) fn new<'a>(
        layers: impl Iterator<Item = &'a Layer>,
        name: Option<ThingName>,
    ) -> Self {
        let mut parameters: Vec<(String, Spot)> = Vec::new();
        for (name, spot) in layers.flat_map(|layer| layer.path.parameters()) {
            if !parameters.iter().any(|(own, at)| own == name && *at == spot) {
                parameters.push((name.to_owned(), spot));
            }
        }
        Self { parameters: parameters.into(), name }
    }

    /// Whether paths have parameters here.
    #[must_use]
    pub fn has_parameters(&self) -> bool {
        !self.parameters.is_empty()
    }

    /// Whether a parameter is called so.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(own, _)| own == name)
    }

    /// The values of the parameters in a path. One that some reader could take for several segments
    /// has no value: the application might read another there.
    #[must_use]
    pub fn values(&self, path: &NormalPath<'_>) -> Vec<NamedValue> {
        let value = |(name, spot): &(String, Spot)| Some((name.clone(), value_at(path, *spot)?));
        self.parameters.iter().filter_map(value).collect()
    }

    /// What the thing is called; `None` where no route says so, or a parameter has no value.
    #[must_use]
    pub fn name(&self, values: &[NamedValue]) -> Option<String> {
        self.name.as_ref()?.fill(values)
    }
}

fn value_at(path: &NormalPath<'_>, spot: Spot) -> Option<String> {
    match spot {
        Spot::Segment(at) => decoded(path.segments().nth(at)?),
        Spot::From(at) => {
            let rest: Option<Vec<String>> = path.segments().skip(at).map(decoded).collect();
            rest.map(|rest| rest.join("/")).filter(|rest| !rest.is_empty())
        }
    }
}

/// A segment as the application reads it; `None` where applications differ in that.
fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    let is_odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | ';' | '%');
    let is_dots = matches!(text.as_ref(), "" | "." | "..");
    (!is_dots && !text.contains(is_odd)).then(|| text.into_owned())
}

/// What things are called, with parameters of the path in braces: `project:{project}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingName {
    written: String,
    /// Text, and the parameter after it.
    parts: Vec<(String, Option<String>)>,
}

impl ThingName {
    /// The parameters that it needs.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|(_, name)| name.as_deref())
    }

    fn fill(&self, values: &[NamedValue]) -> Option<String> {
        let mut text = String::new();
        for (before, name) in &self.parts {
            text.push_str(before);
            let Some(name) = name else { continue };
            let mut found = values.iter().filter(|(own, _)| own == name).map(|(_, value)| value);
            let value = found.next()?;
            if found.any(|other| other != value) {
                return None;
            }
            text.extend(utf8_percent_encode(value, PART));
        }
        Some(text)
    }
}

impl Scalar for ThingName {
    const KIND: &'static str = "name of a thing";
    const EXAMPLE: &'static str = "project:{project}";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write it with parameters of the path, for example `project:{project}`";
        let text = value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        let is_class = text.starts_with(mantlet_access::CLASS_PREFIX);
        if text.is_empty() || text.len() > MAX_TEMPLATE || !is_plain || is_class {
            return Err(Complaint::new("that is no name of a thing", hint));
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| Complaint::new("a brace is left open", hint))?;
            parts.push((before.to_owned(), Some(name.to_owned())));
            rest = after;
        }
        parts.push((rest.to_owned(), None));
        Ok(Self { written: text.to_owned(), parts })
    }

    fn show(&self) -> Value {
        Value::String(self.written.clone())
    }
}
