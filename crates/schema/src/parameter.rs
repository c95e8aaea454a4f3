//! One parameter: its name, how its values are written, and what they are read as.

use serde_json::Value;

use crate::fault::Place;
use crate::shape::{Shape, Types};

/// How the values of a parameter are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A list is the name several times: `form` with `explode`.
    Repeated,
    /// The members of an object are names of their own: `form` with `explode`.
    Members,
    /// The members of an object are `name[member]`: `deepObject`.
    Deep,
    /// A list is one text with this mark between the items: `simple`, `spaceDelimited`,
    /// `pipeDelimited`, and `form` without `explode`.
    Separated(char),
    /// One value, in JSON.
    Json,
}

/// One parameter.
#[derive(Debug)]
pub(crate) struct Parameter {
    /// Its name; of header fields in lower case.
    pub(crate) name: String,
    pub(crate) style: Style,
    pub(crate) shape: Shape,
    /// Whether an empty value stands for none.
    pub(crate) may_be_empty: bool,
}

impl Parameter {
    /// A parameter written as OpenAPI has it when nothing is said.
    pub(crate) fn plain(place: Place, name: String, shape: Shape) -> Self {
        let style = Style::usual(place, &shape);
        Self { name, style, shape, may_be_empty: false }
    }
}

impl Style {
    /// The style of parameters that say nothing about it.
    pub(crate) fn usual(place: Place, shape: &Shape) -> Self {
        match place {
            Place::Query | Place::Cookie | Place::Body => Self::exploded(shape),
            Place::Path | Place::Header => Self::Separated(','),
        }
    }

    fn exploded(shape: &Shape) -> Self {
        if shape.types.has(Types::OBJECT) && !shape.types.has(Types::STRING.or(Types::ARRAY)) {
            Self::Members
        } else {
            Self::Repeated
        }
    }

    /// The style that a parameter, or the encoding of a member, names.
    ///
    /// # Errors
    /// The style that is not read.
    pub(crate) fn said(said: &Value, place: Place, shape: &Shape) -> Result<Self, String> {
        let explode = said.get("explode").and_then(Value::as_bool);
        let Some(style) = said.get("style").and_then(Value::as_str) else {
            let is_form = !matches!(place, Place::Path | Place::Header);
            return Ok(match explode {
                Some(false) if is_form => Self::Separated(','),
                _ => Self::usual(place, shape),
            });
        };
        let is_listed = explode == Some(false);
        match (style, place) {
            ("form", Place::Query | Place::Cookie | Place::Body) if is_listed => {
                Ok(Self::Separated(','))
            }
            ("form", Place::Query | Place::Cookie | Place::Body) => Ok(Self::exploded(shape)),
            ("simple", Place::Path | Place::Header) => Ok(Self::Separated(',')),
            ("spaceDelimited", Place::Query | Place::Body) if explode != Some(true) => {
                Ok(Self::Separated(' '))
            }
            ("pipeDelimited", Place::Query | Place::Body) if explode != Some(true) => {
                Ok(Self::Separated('|'))
            }
            ("spaceDelimited" | "pipeDelimited", Place::Query | Place::Body) => Ok(Self::Repeated),
            ("deepObject", Place::Query | Place::Body) => Ok(Self::Deep),
            _ => Err(style.to_owned()),
        }
    }
}
