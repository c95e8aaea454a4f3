//! Where schemas stand inside a schema of draft 2020-12, and what each of them is asked about.

use serde_json::{Map, Value};

use crate::pointer;

/// What a schema inside a schema is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// The same value.
    Here,
    /// The member of one name.
    Member,
    /// Members whose name matches a pattern.
    Matching,
    /// Members, or items, that nothing else is said about.
    Rest,
    /// The item at one place.
    Item,
    /// Every item, besides what else is said about it.
    Contains,
    /// The names of members.
    Name,
    /// Nothing: it is there to be referred to.
    Nothing,
}

const SINGLE: [(&str, Use); 12] = [
    ("not", Use::Here),
    ("if", Use::Here),
    ("then", Use::Here),
    ("else", Use::Here),
    ("additionalProperties", Use::Rest),
    ("unevaluatedProperties", Use::Rest),
    ("items", Use::Rest),
    ("unevaluatedItems", Use::Rest),
    ("contains", Use::Contains),
    ("propertyNames", Use::Name),
    ("contentSchema", Use::Nothing),
    ("additionalItems", Use::Nothing),
];
const LISTS: [(&str, Use); 4] =
    [("allOf", Use::Here), ("anyOf", Use::Here), ("oneOf", Use::Here), ("prefixItems", Use::Item)];
const MAPS: [(&str, Use); 5] = [
    ("properties", Use::Member),
    ("patternProperties", Use::Matching),
    ("dependentSchemas", Use::Here),
    ("$defs", Use::Nothing),
    ("definitions", Use::Nothing),
];

/// How the schemas under a keyword stand there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One schema.
    Single,
    /// A list of schemas.
    List,
    /// Schemas by name.
    Map,
}

/// What stands under a keyword; `None` for keywords without schemas.
pub(crate) fn form(keyword: &str) -> Option<(Form, Use)> {
    let lists: [(Form, &[(&str, Use)]); 3] =
        [(Form::Single, &SINGLE), (Form::List, &LISTS), (Form::Map, &MAPS)];
    lists.iter().find_map(|(form, list)| {
        let (_, purpose) = list.iter().find(|(name, _)| *name == keyword)?;
        Some((*form, *purpose))
    })
}

/// Every schema inside `schema` with the step that leads to it and what it is asked about; what a
/// `$ref` leads to is none of them.
pub(crate) fn inside(schema: &Map<String, Value>) -> Vec<(String, &Value, Use)> {
    let mut found = Vec::new();
    for (keyword, value) in schema {
        match (form(keyword), value) {
            (Some((Form::Single, purpose)), Value::Object(_) | Value::Bool(_)) => {
                found.push((pointer::child("", keyword), value, purpose));
            }
            (Some((Form::List, purpose)), Value::Array(list)) => {
                let step = |index: usize| format!("/{keyword}/{index}");
                found.extend(list.iter().enumerate().map(|(at, one)| (step(at), one, purpose)));
            }
            (Some((Form::Map, purpose)), Value::Object(map)) => {
                let step = |name: &str| pointer::child(&pointer::child("", keyword), name);
                found.extend(map.iter().map(|(name, one)| (step(name), one, purpose)));
            }
            _ => {}
        }
    }
    found
}
