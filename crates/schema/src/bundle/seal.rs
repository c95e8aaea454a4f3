//! Objects of which members are named have no others.

use serde_json::{Map, Value};

use crate::pointer;
use crate::subschema::{self, Use};

/// How far references and compositions are followed to find the names of members.
const MAX_STEPS: usize = 16;

/// Closes every object of `root`, a schema with all its definitions, that does not say itself what
/// else it may have. Where schemas are put together (`allOf`, `$ref`, …) the whole is closed and not
/// its parts, so that each part may name members.
pub(super) fn seal(root: &mut Value) {
    let mut open = Vec::new();
    find(root, root, String::new(), true, &mut open);
    for place in open {
        if let Some(Value::Object(schema)) = root.pointer_mut(&place) {
            schema.insert("unevaluatedProperties".into(), Value::Bool(false));
        }
    }
}

/// Collects where a whole value is described, and its members are named but not closed.
fn find(root: &Value, schema: &Value, place: String, is_whole: bool, open: &mut Vec<String>) {
    let Value::Object(schema) = schema else { return };
    let says_so =
        schema.contains_key("additionalProperties") || schema.contains_key("unevaluatedProperties");
    for (step, inner, purpose) in subschema::inside(schema) {
        let is_whole = matches!(purpose, Use::Member | Use::Matching | Use::Rest | Use::Item);
        find(root, inner, format!("{place}{step}"), is_whole, open);
    }
    if is_whole && !says_so && names_members(root, schema, 0) {
        open.push(place);
    }
}

fn names_members(root: &Value, schema: &Map<String, Value>, steps: usize) -> bool {
    if schema.contains_key("properties") {
        return true;
    }
    let target = schema.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|reference| pointer::lookup(root, reference));
    let here = subschema::inside(schema).into_iter();
    let here = here.filter(|(_, _, purpose)| *purpose == Use::Here).map(|(_, inner, _)| inner);
    let mut parts = target.into_iter().chain(here).filter_map(Value::as_object);
    steps < MAX_STEPS && parts.any(|part| names_members(root, part, steps + 1))
}
