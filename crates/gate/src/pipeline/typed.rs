//! Which values of a request can hold nothing but numbers, dates and the like.

use std::sync::Arc;

use mantlet_schema::{Typed, TypedHead};

/// What has been checked against a schema and can hold nothing but a number, a date, one of a few
/// words and the like: a typed fact of the exchange. Guards that look for attacks need not look there.
#[derive(Debug, Clone, Default)]
pub struct TypedInputs {
    /// Parameters of paths, queries, headers and cookies.
    pub heads: Vec<Arc<TypedHead>>,
    /// Values of a body in JSON.
    pub json: Vec<Arc<Typed>>,
    /// Fields of a body that is a form.
    pub forms: Vec<Arc<Typed>>,
}

impl TypedInputs {
    /// Whether nothing is typed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.json.is_empty() && self.forms.is_empty()
    }
}
