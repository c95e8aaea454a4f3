//! From a schema somewhere in a document to one schema of draft 2020-12 that stands for itself:
//! what it refers to is copied along, and what other dialects write in another way is translated.

mod dialect;
mod seal;

use std::collections::HashMap;

use jsonschema::draft202012;
use serde_json::{Map, Value, json};

pub(crate) use dialect::Dialect;

use crate::options::{Options, Unknown};
use crate::pattern;
use crate::pointer::{self, child};
use crate::problem::Problems;
use crate::subschema::{self, Form, Use};

/// Deepest nesting of schemas inside one another.
const MAX_DEPTH: usize = 64;
/// Most schemas that one schema refers to.
const MAX_DEFINITIONS: usize = 5000;
/// Most flaws of one schema that are told.
const MAX_FLAWS: usize = 10;
/// What is said about a value and not checked.
const ANNOTATIONS: [&str; 14] = [
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "xml",
    "externalDocs",
    "discriminator",
    "$comment",
    "$schema",
    "$id",
    "$anchor",
    "writeOnly",
];

/// Copies schemas out of one document.
pub(crate) struct Bundler<'d> {
    document: &'d Value,
    dialect: Dialect,
    options: &'d Options,
    /// Whether values are fields of a form, where files are texts.
    pub(crate) is_form: bool,
    names: HashMap<String, String>,
    /// What is referred to and not copied yet.
    waiting: Vec<(String, String)>,
    definitions: Map<String, Value>,
    pub(crate) problems: Problems,
}

impl<'d> Bundler<'d> {
    pub(crate) fn new(document: &'d Value, dialect: Dialect, options: &'d Options) -> Self {
        Self {
            document,
            dialect,
            options,
            is_form: false,
            names: HashMap::new(),
            waiting: Vec::new(),
            definitions: Map::new(),
            problems: Problems::default(),
        }
    }

    /// The schema at `pointer`, translated. What it refers to comes with [`Bundler::close`].
    pub(crate) fn take(&mut self, schema: &Value, pointer: &str) -> Value {
        let taken = self.translate(schema, pointer, 0);
        for error in draft202012::meta::validator().iter_errors(&taken).take(MAX_FLAWS) {
            let place = format!("{pointer}{}", error.instance_path());
            let hint = "correct the schema: this is not what the draft asks for";
            self.problems.add(place, format!("not a schema: {}", error.masked()), hint);
        }
        taken
    }

    /// `root` with everything that was referred to, as one schema that stands for itself.
    pub(crate) fn close(mut self, root: Value) -> (Value, Problems) {
        while let Some((reference, name)) = self.waiting.pop() {
            let Some(target) = pointer::lookup(self.document, &reference) else { continue };
            let taken = self.take(target, &reference);
            self.definitions.insert(name, taken);
        }
        let mut root = match root {
            Value::Object(root) => root,
            // `true` and `false`.
            other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
        };
        root.insert("$defs".into(), Value::Object(self.definitions));
        let mut root = Value::Object(root);
        if self.options.unknown_properties == Unknown::Refuse {
            seal::seal(&mut root);
        }
        (root, self.problems)
    }

    fn translate(&mut self, schema: &Value, pointer: &str, depth: usize) -> Value {
        let Value::Object(schema) = schema else { return schema.clone() };
        if depth > MAX_DEPTH {
            let hint = "move the inner ones to definitions and refer to them";
            self.problems.add(pointer, "schemas nest too deep", hint);
            return Value::Bool(true);
        }
        let schema = self.dialect.settle(schema);
        let mut taken = Map::new();
        for (keyword, value) in schema.iter() {
            let place = child(pointer, keyword);
            match keyword.as_str() {
                "$ref" => {
                    taken.insert("$ref".into(), self.refer(value, &place).into());
                }
                "$dynamicRef" | "$recursiveRef" => {
                    let hint = "write `$ref` with a pointer, as in `#/$defs/name`";
                    self.problems.add(
                        place,
                        "references that depend on their use are not read",
                        hint,
                    );
                }
                "$id" if pointer != "#" => {
                    let hint = "leave it out and refer to it with a pointer, as in `#/$defs/name`";
                    self.problems.add(
                        place,
                        "a schema inside a document has no address of its own here",
                        hint,
                    );
                }
                word if ANNOTATIONS.contains(&word) || word.starts_with("x-") => {}
                // Copied when something refers to them.
                "$defs" | "definitions" => {}
                "required" => self.required(&schema, value, &mut taken),
                _ => {
                    let value = self.keyword(keyword, value, &place, depth);
                    taken.insert(keyword.clone(), value);
                }
            }
        }
        self.files(&mut taken);
        dialect::number_format(&mut taken, self.dialect);
        dialect::nullable(&schema, taken, self.dialect)
    }

    fn keyword(&mut self, keyword: &str, value: &Value, place: &str, depth: usize) -> Value {
        if keyword == "pattern" {
            self.expect_pattern(value.as_str().unwrap_or_default(), place);
        }
        match (subschema::form(keyword), value) {
            (Some((Form::Single, purpose)), _) => self.inner(value, place, purpose, depth),
            (Some((Form::List, purpose)), Value::Array(list)) => {
                let list = list.iter().enumerate();
                list.map(|(at, one)| self.inner(one, &format!("{place}/{at}"), purpose, depth))
                    .collect()
            }
            (Some((Form::Map, purpose)), Value::Object(map)) => {
                if purpose == Use::Matching {
                    map.keys().for_each(|pattern| self.expect_pattern(pattern, place));
                }
                let members = map.iter().map(|(name, one)| {
                    let inner = self.inner(one, &child(place, name), purpose, depth);
                    (name.clone(), inner)
                });
                Value::Object(members.collect())
            }
            _ => value.clone(),
        }
    }

    fn inner(&mut self, schema: &Value, pointer: &str, purpose: Use, depth: usize) -> Value {
        if purpose == Use::Member
            && self.options.read_only == Unknown::Refuse
            && self.is_read_only(schema)
        {
            return Value::Bool(false);
        }
        self.translate(schema, pointer, depth + 1)
    }

    /// What is set by the server alone is not asked of clients.
    fn required(
        &self,
        schema: &Map<String, Value>,
        required: &Value,
        taken: &mut Map<String, Value>,
    ) {
        let members = schema.get("properties");
        let is_asked = |name: &&Value| {
            let member = name.as_str().and_then(|name| members?.get(name));
            !member.is_some_and(|member| self.is_read_only(member))
        };
        let names = match required {
            Value::Array(names) => names.iter().filter(is_asked).cloned().collect(),
            other => other.clone(),
        };
        taken.insert("required".into(), names);
    }

    fn is_read_only(&self, schema: &Value) -> bool {
        let is_said = |schema: &Value| schema.get("readOnly") == Some(&Value::Bool(true));
        let target = pointer::follow(self.document, schema, "");
        self.dialect.is_openapi()
            && (is_said(schema) || target.is_ok_and(|(target, _)| is_said(target)))
    }

    /// The name under which the target of a reference will stand, as a reference.
    fn refer(&mut self, reference: &Value, place: &str) -> String {
        let reference = reference.as_str().unwrap_or_default();
        if let Some(name) = self.names.get(reference) {
            return format!("#/$defs/{name}");
        }
        if pointer::lookup(self.document, reference).is_none() {
            let (message, hint) = if !reference.starts_with('#') {
                (
                    "leads out of the document",
                    "put it into the same document: nothing is fetched, and no other file is read",
                )
            } else if reference.starts_with("#/") || reference == "#" {
                ("leads nowhere", "correct the pointer")
            } else {
                ("is an anchor", "refer to it with a pointer, as in `#/$defs/name`")
            };
            self.problems.add(place, format!("`{reference}` {message}"), hint);
            return "#".into();
        }
        if self.names.len() >= MAX_DEFINITIONS {
            let hint = "split the document by routes";
            self.problems.add(
                place,
                format!("more than {MAX_DEFINITIONS} schemas are referred to"),
                hint,
            );
            return "#".into();
        }
        let name = format!("d{}", self.names.len());
        self.names.insert(reference.to_owned(), name.clone());
        self.waiting.push((reference.to_owned(), name.clone()));
        format!("#/$defs/{name}")
    }

    fn expect_pattern(&mut self, text: &str, place: &str) {
        if let Err((message, hint)) = pattern::judge(text) {
            self.problems.add(place, format!("the pattern `{text}` {message}"), hint);
        }
    }

    /// Files of forms are looked at by nobody here, so nothing but their being there can be asked.
    fn files(&self, taken: &mut Map<String, Value>) {
        let is_file = taken.get("format").and_then(Value::as_str) == Some("binary")
            || taken.contains_key("contentMediaType");
        if self.is_form && is_file {
            *taken = Map::new();
        }
    }
}
