//! What older dialects write in another way than draft 2020-12.

use std::borrow::Cow;

use serde_json::{Map, Number, Value, json};

/// How schemas of a document are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON Schema, draft 2020-12.
    Draft202012,
    /// JSON Schema, draft 7.
    Draft7,
    /// OpenAPI 3.0, which has a dialect of its own.
    OpenApi30,
    /// OpenAPI 3.1, which is draft 2020-12.
    OpenApi31,
}

/// Keywords that draft 7 and OpenAPI 3.0 do not know, and which so mean nothing there.
const NEWER: [&str; 8] = [
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentRequired",
    "dependentSchemas",
    "prefixItems",
    "minContains",
    "maxContains",
    "$dynamicRef",
];

impl Dialect {
    pub(crate) const fn is_openapi(self) -> bool {
        matches!(self, Self::OpenApi30 | Self::OpenApi31)
    }

    const fn is_old(self) -> bool {
        matches!(self, Self::Draft7 | Self::OpenApi30)
    }

    /// `schema` with the keywords of draft 2020-12; what is inside it is not looked at.
    pub(super) fn settle(self, schema: &Map<String, Value>) -> Cow<'_, Map<String, Value>> {
        if !self.is_old() {
            return Cow::Borrowed(schema);
        }
        // What stands beside a reference is ignored.
        if let Some(reference) = schema.get("$ref") {
            return Cow::Owned(Map::from_iter([("$ref".to_owned(), reference.clone())]));
        }
        let mut settled = schema.clone();
        settled.retain(|keyword, _| !NEWER.contains(&keyword.as_str()));
        if let Some(Value::Array(items)) = settled.get("items").cloned() {
            settled.insert("prefixItems".into(), items.into());
            match settled.remove("additionalItems") {
                Some(rest) => settled.insert("items".into(), rest),
                None => settled.remove("items"),
            };
        } else {
            settled.remove("additionalItems");
        }
        dependencies(&mut settled);
        if self == Self::OpenApi30 {
            exclusive(&mut settled, "exclusiveMinimum", "minimum");
            exclusive(&mut settled, "exclusiveMaximum", "maximum");
        }
        Cow::Owned(settled)
    }
}

/// Draft 7 has one word for two things.
fn dependencies(schema: &mut Map<String, Value>) {
    let Some(Value::Object(all)) = schema.remove("dependencies") else { return };
    let (names, schemas): (Map<_, _>, Map<_, _>) =
        all.into_iter().partition(|(_, needed)| needed.is_array());
    if !names.is_empty() {
        schema.insert("dependentRequired".into(), names.into());
    }
    if !schemas.is_empty() {
        schema.insert("dependentSchemas".into(), schemas.into());
    }
}

/// OpenAPI 3.0 marks a bound as exclusive with a flag.
fn exclusive(schema: &mut Map<String, Value>, flag: &str, bound: &str) {
    match schema.get(flag) {
        Some(Value::Bool(true)) => {
            let limit = schema.remove(bound);
            schema.remove(flag);
            if let Some(limit) = limit {
                schema.insert(flag.into(), limit);
            }
        }
        Some(Value::Bool(false)) => {
            schema.remove(flag);
        }
        _ => {}
    }
}

/// The formats of numbers are ranges (OpenAPI format registry).
pub(super) fn number_format(schema: &mut Map<String, Value>, dialect: Dialect) {
    let range: (Number, Number) = match schema.get("format").and_then(Value::as_str) {
        Some("int32") if dialect.is_openapi() => (i32::MIN.into(), i32::MAX.into()),
        Some("int64") if dialect.is_openapi() => (i64::MIN.into(), i64::MAX.into()),
        _ => return,
    };
    schema.remove("format");
    let has = |schema: &Map<String, Value>, words: [&str; 2]| {
        words.iter().any(|word| schema.contains_key(*word))
    };
    if !has(schema, ["minimum", "exclusiveMinimum"]) {
        schema.insert("minimum".into(), range.0.into());
    }
    if !has(schema, ["maximum", "exclusiveMaximum"]) {
        schema.insert("maximum".into(), range.1.into());
    }
}

/// OpenAPI 3.0 has a flag for what may be null. Also where it stands beside `allOf` or an `enum`
/// without null: so it is meant, whatever the letter of 3.0.3 says.
pub(super) fn nullable(
    schema: &Map<String, Value>,
    mut taken: Map<String, Value>,
    dialect: Dialect,
) -> Value {
    if dialect != Dialect::OpenApi30 {
        return Value::Object(taken);
    }
    taken.remove("nullable");
    taken.remove("readOnly");
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        return json!({"anyOf": [taken, {"type": "null"}]});
    }
    Value::Object(taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(dialect: Dialect, schema: &Value) -> Value {
        Value::Object(dialect.settle(schema.as_object().unwrap()).into_owned())
    }

    #[test]
    fn older_dialects_are_translated() {
        for (dialect, schema, expected) in [
            (Dialect::Draft7, json!({"$ref": "#/a", "type": "string"}), json!({"$ref": "#/a"})),
            (
                Dialect::Draft7,
                json!({"items": [{}, true], "additionalItems": false}),
                json!({"prefixItems": [{}, true], "items": false}),
            ),
            (Dialect::Draft7, json!({"items": [{}]}), json!({"prefixItems": [{}]})),
            (Dialect::Draft7, json!({"items": {}, "additionalItems": false}), json!({"items": {}})),
            (
                Dialect::Draft7,
                json!({"dependencies": {"a": ["b"], "c": {"minProperties": 2}}}),
                json!({"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"minProperties": 2}}}),
            ),
            (Dialect::Draft7, json!({"unevaluatedProperties": false}), json!({})),
            (
                Dialect::OpenApi30,
                json!({"minimum": 0, "exclusiveMinimum": true, "maximum": 1, "exclusiveMaximum": false}),
                json!({"exclusiveMinimum": 0, "maximum": 1}),
            ),
            (
                Dialect::Draft202012,
                json!({"$ref": "#/a", "minimum": 1}),
                json!({"$ref": "#/a", "minimum": 1}),
            ),
        ] {
            assert_eq!(settled(dialect, &schema), expected, "{schema}");
        }
    }

    #[test]
    fn number_formats_are_ranges() {
        let mut schema = json!({"format": "int32", "minimum": 1}).as_object().unwrap().clone();
        number_format(&mut schema, Dialect::OpenApi30);
        assert_eq!(Value::Object(schema), json!({"minimum": 1, "maximum": 2_147_483_647}));
    }
}
