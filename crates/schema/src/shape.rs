//! Which types a schema allows, so that texts of parameters and forms can be read as one of them.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use crate::pointer;

/// How deep schemas are looked into: parameters are lists and objects of plain values at most.
const MAX_STEPS: usize = 12;

/// Types that a value may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u8);

impl Types {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self(0b111_1111);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    pub(crate) const NUMBER: Self = Self(8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    /// Those that one text can stand for.
    pub(crate) const SCALAR: Self = Self(0b1_1110);

    /// Whether any of `others` is among them.
    pub(crate) const fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub(crate) const fn or(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Those that both name; a number may be an integer.
    fn and(self, others: Self) -> Self {
        let both = self.0 & others.0;
        let has_number = |one: Self, other: Self| one.has(Self::NUMBER) && other.has(Self::INTEGER);
        if has_number(self, others) || has_number(others, self) {
            return Self(both | Self::INTEGER.0);
        }
        Self(both)
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::NONE,
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// The types that the keyword `type` allows.
    pub(crate) fn said(schema: &Map<String, Value>) -> Self {
        match schema.get("type") {
            Some(Value::String(name)) => Self::named(name),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                names.map(Self::named).fold(Self::NONE, Self::or)
            }
            _ => Self::ALL,
        }
    }

    /// The types that `schema` allows.
    pub(crate) fn of(root: &Value, schema: &Value) -> Self {
        Self::within(root, schema, 0)
    }

    fn within(root: &Value, schema: &Value, steps: usize) -> Self {
        let Some(schema) = schema.as_object().filter(|_| steps < MAX_STEPS) else {
            return Self::ALL;
        };
        let any = |list: &mut dyn Iterator<Item = Self>| list.fold(Self::NONE, Self::or);
        let mut types = Self::said(schema);
        if let Some(Value::Array(choices)) = schema.get("enum") {
            types = types.and(any(&mut choices.iter().map(Self::of_value)));
        }
        if let Some(only) = schema.get("const") {
            types = types.and(Self::of_value(only));
        }
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|reference| pointer::lookup(root, reference));
        let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
        for part in target.into_iter().chain(parts) {
            types = types.and(Self::within(root, part, steps + 1));
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(Value::Array(choices)) = schema.get(keyword) {
                let inner = choices.iter().map(|choice| Self::within(root, choice, steps + 1));
                types = types.and(any(&mut { inner }));
            }
        }
        types
    }
}

/// What texts of a parameter are read as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) types: Types,
    /// What the items of a list are read as.
    pub(crate) items: Types,
    /// What the members of an object are read as.
    pub(crate) members: BTreeMap<String, Types>,
}

impl Shape {
    pub(crate) fn of(root: &Value, schema: &Value) -> Self {
        let mut shape =
            Self { types: Types::of(root, schema), items: Types::ALL, members: BTreeMap::new() };
        shape.collect(root, schema, 0);
        shape
    }

    /// Adds what every part of the schema says about items and members.
    fn collect(&mut self, root: &Value, schema: &Value, steps: usize) {
        let Some(schema) = schema.as_object().filter(|_| steps < MAX_STEPS) else { return };
        if let Some(items) = schema.get("items") {
            self.items = Types::of(root, items);
        }
        if let Some(Value::Object(members)) = schema.get("properties") {
            let typed = members.iter().map(|(name, one)| (name.clone(), Types::of(root, one)));
            self.members.extend(typed);
        }
        for part in parts(root, schema) {
            self.collect(root, part, steps + 1);
        }
    }

    /// The members that `root` names, wherever it does.
    pub(crate) fn of_members(root: &Value) -> Vec<(String, Self)> {
        let mut found = BTreeMap::new();
        Self::add_members(root, root, 0, &mut found);
        found.into_iter().collect()
    }

    fn add_members(root: &Value, schema: &Value, steps: usize, found: &mut BTreeMap<String, Self>) {
        let Some(schema) = schema.as_object().filter(|_| steps < MAX_STEPS) else { return };
        for (name, member) in
            schema.get("properties").and_then(Value::as_object).into_iter().flatten()
        {
            let shape = Self::of(root, member);
            match found.get_mut(name) {
                // Alternatives may each say something else.
                Some(known) => known.types = known.types.or(shape.types),
                None => {
                    found.insert(name.clone(), shape);
                }
            }
        }
        for part in parts(root, schema) {
            Self::add_members(root, part, steps + 1, found);
        }
    }
}

/// What a schema refers to and is put together from.
fn parts<'r>(root: &'r Value, schema: &'r Map<String, Value>) -> impl Iterator<Item = &'r Value> {
    let target = schema.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|reference| pointer::lookup(root, reference));
    let words = ["allOf", "anyOf", "oneOf"].into_iter();
    let parts = words.filter_map(|keyword| schema.get(keyword)?.as_array()).flatten();
    target.into_iter().chain(parts)
}

/// `text` as one of `types`; a text where it is none of the others.
pub(crate) fn coerce(text: &str, types: Types) -> Value {
    if types.has(Types::INTEGER.or(Types::NUMBER))
        && let Some(integer) = integer(text)
    {
        return Value::Number(integer);
    }
    if types.has(Types::NUMBER)
        && let Some(number) = number(text)
    {
        return Value::Number(number);
    }
    if types.has(Types::BOOLEAN)
        && let Some(truth) = truth(text)
    {
        return Value::Bool(truth);
    }
    Value::String(text.to_owned())
}

/// An integer of at most 64 bits, written without ornament.
fn integer(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = digits == "0" || !digits.starts_with('0');
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain || !is_number {
        return None;
    }
    let small = text.parse::<i64>().map(Number::from);
    small.or_else(|_| text.parse::<u64>().map(Number::from)).ok()
}

/// A number as JSON writes it.
fn number(text: &str) -> Option<Number> {
    let is_json =
        text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if is_json { serde_json::from_str(text).ok() } else { None }
}

/// What OpenAPI writes, and what common clients write in its place.
fn truth(text: &str) -> Option<bool> {
    if text == "1" || text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text == "0" || text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_types_of_a_schema_are_found_through_compositions() {
        let root = json!({"$defs": {"id": {"type": "integer"}}});
        for (schema, expected) in [
            (json!({"type": "integer"}), Types::INTEGER),
            (
                json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
                Types::INTEGER.or(Types::NULL),
            ),
            (
                json!({"allOf": [{"$ref": "#/$defs/id"}], "type": ["integer", "string"]}),
                Types::INTEGER,
            ),
            (json!({"enum": [1, "auto"]}), Types::INTEGER.or(Types::STRING)),
            (json!({"type": "number", "const": 2}), Types::INTEGER),
            (json!({}), Types::ALL),
            (json!(true), Types::ALL),
        ] {
            assert_eq!(Types::of(&root, &schema), expected, "{schema}");
        }
    }

    #[test]
    fn texts_become_what_the_schema_asks_for_and_nothing_looser() {
        for (text, types, expected) in [
            ("12", Types::INTEGER, json!(12)),
            ("-0", Types::INTEGER, json!(0)),
            ("18446744073709551615", Types::INTEGER, json!(u64::MAX)),
            ("18446744073709551616", Types::INTEGER, json!("18446744073709551616")),
            ("012", Types::INTEGER, json!("012")),
            ("+1", Types::INTEGER, json!("+1")),
            ("1e3", Types::INTEGER, json!("1e3")),
            (" 1", Types::INTEGER, json!(" 1")),
            ("1\n", Types::NUMBER, json!("1\n")),
            ("1_000", Types::NUMBER, json!("1_000")),
            ("٣", Types::INTEGER, json!("٣")),
            ("", Types::INTEGER, json!("")),
            ("-", Types::NUMBER, json!("-")),
            ("1e3", Types::NUMBER, json!(1000.0)),
            ("0.5", Types::NUMBER, json!(0.5)),
            ("NaN", Types::NUMBER, json!("NaN")),
            ("1e999", Types::NUMBER, json!("1e999")),
            ("True", Types::BOOLEAN, json!(true)),
            ("0", Types::BOOLEAN, json!(false)),
            ("yes", Types::BOOLEAN, json!("yes")),
            ("true", Types::STRING, json!("true")),
            ("null", Types::NULL.or(Types::INTEGER), json!("null")),
        ] {
            assert_eq!(coerce(text, types), expected, "{text:?}");
        }
    }
}
