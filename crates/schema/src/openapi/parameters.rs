//! Parameters of operations.

use serde_json::{Map, Value, json};

use super::Reader;
use crate::bundle::Bundler;
use crate::fault::Place;
use crate::group::Group;
use crate::options::Unknown;
use crate::parameter::{Parameter, Style};
use crate::pointer::child;
use crate::rule::Rule;
use crate::shape::Shape;

/// Header fields that are described elsewhere in a document, and ignored as parameters.
const NO_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// One parameter of a document.
pub(super) struct Listed<'d> {
    place: Place,
    name: String,
    said: &'d Value,
    pointer: String,
}

impl<'d> Reader<'d> {
    /// The parameters of an operation: its path's and its own, which replace those.
    pub(super) fn parameters(
        &mut self,
        lists: &[(Option<&'d Value>, &str)],
        names: &[String],
    ) -> Vec<Listed<'d>> {
        let mut listed: Vec<Listed<'d>> = Vec::new();
        for (list, pointer) in lists {
            let entries = list.and_then(Value::as_array).into_iter().flatten();
            for (index, entry) in entries.enumerate() {
                let pointer = format!("{pointer}/parameters/{index}");
                let Some((said, pointer)) = self.follow(entry, &pointer) else { continue };
                let Some(one) = self.parameter(said, pointer, names) else { continue };
                listed.retain(|known| (known.place, &known.name) != (one.place, &one.name));
                listed.push(one);
            }
        }
        listed
    }

    fn parameter(
        &mut self,
        said: &'d Value,
        pointer: String,
        names: &[String],
    ) -> Option<Listed<'d>> {
        let text = |key: &str| said.get(key).and_then(Value::as_str);
        let place = match text("in") {
            Some("path") => Place::Path,
            Some("query") => Place::Query,
            Some("header") => Place::Header,
            Some("cookie") => Place::Cookie,
            _ => {
                let hint = "write `in: query`, `path`, `header` or `cookie`";
                self.problems.add(pointer, "a parameter that is nowhere", hint);
                return None;
            }
        };
        let Some(name) = text("name") else {
            self.problems.add(pointer, "a parameter without a name", "add `name`");
            return None;
        };
        let name = if place == Place::Header { name.to_ascii_lowercase() } else { name.to_owned() };
        if place == Place::Path && !names.contains(&name) {
            let message = format!("the path has no `{{{name}}}`");
            self.problems.add(pointer, message, "correct the name of the parameter, or the path");
            return None;
        }
        let is_none = place == Place::Header && NO_PARAMETERS.contains(&name.as_str());
        (!is_none).then_some(Listed { place, name, said, pointer })
    }

    /// The parameters of one part of the request; `None` where there is nothing to check.
    pub(super) fn group(
        &mut self,
        place: Place,
        listed: &[Listed<'d>],
        pointer: &str,
    ) -> Option<Group> {
        let refuses_unknown =
            place == Place::Query && self.options.unknown_query == Unknown::Refuse;
        let listed: Vec<&Listed<'d>> = listed.iter().filter(|one| one.place == place).collect();
        if listed.is_empty() && !refuses_unknown {
            return None;
        }
        let mut bundler = Bundler::new(self.document, self.dialect, self.options);
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for one in &listed {
            let (schema, place) = self.schema(one);
            properties.insert(one.name.clone(), bundler.take(schema, &place));
            let flag = |key: &str| one.said.get(key) == Some(&Value::Bool(true));
            if (flag("required") && !flag("allowEmptyValue")) || one.place == Place::Path {
                required.push(one.name.clone());
            }
        }
        let root = json!({
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": !refuses_unknown,
        });
        let (root, problems) = bundler.close(root);
        self.problems.extend(problems);
        let parameters = listed.iter().filter_map(|one| self.compiled(one, &root)).collect();
        let rule = Rule::compile(&root, pointer, self.options, self.problems)?;
        let limits = self.options.limits;
        Some(Group { place, parameters, rule, shows_unknown: refuses_unknown, limits })
    }

    /// The schema of a parameter, which may be that of JSON in it.
    fn schema(&self, listed: &Listed<'d>) -> (&'d Value, String) {
        static ANY: Value = Value::Bool(true);
        if let Some(schema) = listed.said.get("schema") {
            return (schema, child(&listed.pointer, "schema"));
        }
        let content = listed.said.get("content").and_then(Value::as_object);
        let first = content.and_then(|content| content.iter().next());
        let schema = first.and_then(|(media, one)| Some((media, one.get("schema")?)));
        match schema {
            Some((media, schema)) => {
                let pointer = child(&child(&listed.pointer, "content"), media);
                (schema, child(&pointer, "schema"))
            }
            None => (&ANY, listed.pointer.clone()),
        }
    }

    fn compiled(&mut self, listed: &Listed<'d>, root: &Value) -> Option<Parameter> {
        let schema = root.pointer(&format!("/properties{}", child("", &listed.name)));
        let shape = Shape::of(root, schema?);
        let style = if listed.said.get("content").is_some() {
            Style::Json
        } else {
            match Style::said(listed.said, listed.place, &shape) {
                Ok(style) => style,
                Err(style) => {
                    let message = format!("parameters of style `{style}` are not read here");
                    let hint = "leave out `style`, or use `form`, `simple`, `spaceDelimited`, `pipeDelimited` or `deepObject` where they belong";
                    self.problems.add(child(&listed.pointer, "style"), message, hint);
                    return None;
                }
            }
        };
        let may_be_empty = listed.said.get("allowEmptyValue") == Some(&Value::Bool(true));
        Some(Parameter { name: listed.name.clone(), style, shape, may_be_empty })
    }
}
