//! Which values of a request can hold nothing but a number, a date, one of a few words and the
//! like, once the request has been checked: whoever looks for attacks need not look there.

use std::cell::Cell;
use std::collections::BTreeMap;

use regex_syntax::hir::{Class, Hir, HirKind, Look};
use serde_json::{Map, Value};

use crate::pointer;
use crate::shape::Types;

/// How deep typed values are known.
const MAX_LEVELS: usize = 8;
/// How many places are looked at for one schema.
const MAX_PLACES: usize = 10_000;
/// How many schemas are followed for one value.
const MAX_STEPS: usize = 12;
/// Formats whose every text is digits, letters and a few marks between them.
const STRICT_FORMATS: [&str; 7] = ["uuid", "date", "date-time", "time", "duration", "ipv4", "ipv6"];

/// Typed values of one part of a request, as a tree of member names and items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    is_typed: bool,
    members: BTreeMap<String, Self>,
    items: Option<Box<Self>>,
}

impl Typed {
    /// Whether the value at these steps is typed: names of members, places of items. The first step
    /// into a parameter is its name.
    #[must_use]
    pub fn covers<'s>(&self, steps: impl IntoIterator<Item = &'s str>) -> bool {
        let mut node = self;
        for step in steps {
            let is_place = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
            let item = node.items.as_deref().filter(|_| is_place);
            match node.members.get(step).or(item) {
                Some(next) => node = next,
                None => return false,
            }
        }
        node.is_typed
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What is typed once a value is valid under `root`, a schema that stands for itself.
    /// `formats`: whether formats are checked.
    pub(crate) fn of(root: &Value, formats: bool) -> Self {
        let mut typed = Self::default();
        let places = Cell::new(0);
        Finder { root, formats, places }.add(root, 0, 0, &mut typed);
        typed.prune();
        typed
    }

    /// Drops what leads to nothing; returns whether anything is left.
    fn prune(&mut self) -> bool {
        self.members.retain(|_, member| member.prune());
        self.items = self.items.take().filter(|items| {
            let mut items = items.clone();
            items.prune()
        });
        self.is_typed || !self.members.is_empty() || self.items.is_some()
    }
}

struct Finder<'r> {
    root: &'r Value,
    formats: bool,
    /// How many places were looked at: schemas that refer to themselves have endlessly many.
    places: Cell<usize>,
}

impl<'r> Finder<'r> {
    /// Adds what `schema` says about a value, its members and items.
    fn add(&self, schema: &'r Value, level: usize, steps: usize, typed: &mut Typed) {
        let Some(schema) = schema.as_object().filter(|_| steps < MAX_STEPS) else { return };
        let places = self.places.replace(self.places.get() + 1);
        if places > MAX_PLACES {
            return;
        }
        typed.is_typed |= self.is_strict(schema, steps);
        if level < MAX_LEVELS {
            if let Some(Value::Object(members)) = schema.get("properties") {
                for (name, member) in members {
                    let typed = typed.members.entry(name.clone()).or_default();
                    self.add(member, level + 1, 0, typed);
                }
            }
            // Items at a place of their own are something else.
            if let Some(items) = schema.get("items").filter(|_| !schema.contains_key("prefixItems"))
            {
                self.add(items, level + 1, 0, typed.items.get_or_insert_default());
            }
        }
        for part in self.always(schema) {
            self.add(part, level, steps + 1, typed);
        }
    }

    /// The schemas that a value matches whenever it matches `schema` and is not null.
    fn always(&self, schema: &'r Map<String, Value>) -> Vec<&'r Value> {
        let mut parts: Vec<&Value> = self.target(schema).into_iter().collect();
        parts.extend(schema.get("allOf").and_then(Value::as_array).into_iter().flatten());
        for keyword in ["anyOf", "oneOf"] {
            let Some(Value::Array(choices)) = schema.get(keyword) else { continue };
            let mut others = choices.iter().filter(|one| Types::of(self.root, one) != Types::NULL);
            if let (Some(only), None) = (others.next(), others.next()) {
                parts.push(only);
            }
        }
        parts
    }

    fn target(&self, schema: &Map<String, Value>) -> Option<&'r Value> {
        let reference = schema.get("$ref").and_then(Value::as_str)?;
        pointer::lookup(self.root, reference)
    }

    /// Whether every value that is valid under `schema` alone is a plain, harmless one.
    fn is_strict(&self, schema: &'r Map<String, Value>, steps: usize) -> bool {
        let plain = Types::NULL.or(Types::BOOLEAN).or(Types::INTEGER).or(Types::NUMBER);
        let beyond = Types::STRING.or(Types::ARRAY).or(Types::OBJECT);
        let types = Types::said(schema);
        if types.has(plain) && !types.has(beyond) {
            return true;
        }
        let is_word = |value: &Value| !value.is_array() && !value.is_object();
        let choices = schema.get("enum").and_then(Value::as_array);
        if choices.is_some_and(|choices| choices.iter().all(is_word))
            || schema.get("const").is_some_and(is_word)
        {
            return true;
        }
        if !types.has(Types::ARRAY.or(Types::OBJECT)) && self.is_strict_text(schema) {
            return true;
        }
        let is_strict = |one: &'r Value| {
            one.as_object()
                .is_some_and(|one| steps < MAX_STEPS && self.is_strict_whole(one, steps + 1))
        };
        ["anyOf", "oneOf"].iter().any(|keyword| {
            let choices = schema.get(*keyword).and_then(Value::as_array);
            choices.is_some_and(|choices| !choices.is_empty() && choices.iter().all(is_strict))
        })
    }

    fn is_strict_whole(&self, schema: &'r Map<String, Value>, steps: usize) -> bool {
        self.is_strict(schema, steps)
            || self.always(schema).into_iter().any(|part| {
                part.as_object()
                    .is_some_and(|part| steps < MAX_STEPS && self.is_strict_whole(part, steps + 1))
            })
    }

    fn is_strict_text(&self, schema: &Map<String, Value>) -> bool {
        let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
        let is_strict_format = text("format").is_some_and(|name| STRICT_FORMATS.contains(&name));
        (self.formats && is_strict_format) || text("pattern").is_some_and(is_harmless)
    }
}

/// Whether a pattern is for the whole text, and lets through nothing but letters, digits, `_` and
/// `-`: no detector finds anything in such a word.
fn is_harmless(pattern: &str) -> bool {
    let Ok(parsed) = regex_syntax::parse(pattern) else { return false };
    let properties = parsed.properties();
    properties.look_set_prefix().contains(Look::Start)
        && properties.look_set_suffix().contains(Look::End)
        && has_only_words(&parsed)
}

fn has_only_words(part: &Hir) -> bool {
    let is_word =
        |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            std::str::from_utf8(&literal.0).is_ok_and(|text| text.chars().all(is_word))
        }
        HirKind::Class(Class::Unicode(class)) => class.iter().all(|range| {
            // Ranges of the classes people write are short; others are no words.
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            end - start < 64 && (start..=end).filter_map(char::from_u32).all(is_word)
        }),
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => has_only_words(&repetition.sub),
        HirKind::Capture(capture) => has_only_words(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(has_only_words),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn typed_values_are_known_by_their_place() {
        let schema = json!({
            "$defs": {"id": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"}},
            "properties": {
                "id": {"$ref": "#/$defs/id"},
                "text": {"type": "string", "maxLength": 10000},
                "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                "level": {"enum": ["low", "high"]},
                "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "open": {"minimum": 1},
                "when": {"type": "string", "format": "date-time"},
                "mail": {"type": "string", "format": "email"},
                "scores": {"type": "array", "items": {"type": "number"}},
                "inner": {"anyOf": [{"properties": {"n": {"type": "boolean"}}}, {"type": "null"}]},
            },
        });
        let typed = Typed::of(&schema, true);
        for (steps, expected) in [
            (&["id"][..], true),
            (&["text"], false),
            (&["limit"], true),
            (&["level"], true),
            (&["either"], false),
            (&["open"], false),
            (&["when"], true),
            (&["mail"], false),
            (&["scores", "17"], true),
            (&["scores"], false),
            (&["scores", "x"], false),
            (&["inner", "n"], true),
            (&["other"], false),
            (&[], false),
        ] {
            assert_eq!(typed.covers(steps.iter().copied()), expected, "{steps:?}");
        }
        assert!(!Typed::of(&schema, false).covers(["when"]), "formats that nobody checks");
    }

    #[test]
    fn only_patterns_for_words_are_harmless() {
        for (pattern, expected) in [
            ("^[a-z]+$", true),
            ("^(red|green)-[0-9]{1,3}$", true),
            ("^[a-z]+", false),
            ("[a-z]+$", false),
            ("^[a-z ]+$", false),
            ("^.*$", false),
            ("^[^<>]+$", false),
            ("^a|b$", false),
            (r"^\w+$", false),
            ("(?m)^[a-z]+$", false),
        ] {
            assert_eq!(is_harmless(pattern), expected, "{pattern}");
        }
    }
}
