//! Bodies of operations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Reader;
use crate::body::{Body, Content, Reading, Required};
use crate::bundle::Bundler;
use crate::fault::Place;
use crate::group::Group;
use crate::operation::Bodies;
use crate::parameter::{Parameter, Style};
use crate::pointer::child;
use crate::rule::Rule;
use crate::shape::Shape;

impl<'d> Reader<'d> {
    pub(super) fn body(&mut self, body: &'d Value, pointer: &str) -> Bodies {
        let Some((body, pointer)) = self.follow(body, pointer) else { return Bodies::None };
        let listed = body.get("content").and_then(Value::as_object);
        let mut contents = Vec::new();
        for (range, media) in listed.into_iter().flatten() {
            let pointer = child(&child(&pointer, "content"), range);
            if let Some(reading) = self.reading(range, media, &pointer) {
                contents.push(Content::new(range.to_ascii_lowercase(), reading));
            }
        }
        if contents.is_empty() && self.problems.is_empty() {
            self.problems.add(pointer, "a body of no type", "list its media types under `content`");
        }
        let is_required = body.get("required") == Some(&Value::Bool(true));
        let required = if is_required { Required::Yes } else { Required::No };
        Bodies::Checked(Body { contents, required, limits: self.options.limits })
    }

    /// How bodies of one type are read. What is no text of a known form is not looked at.
    fn reading(&mut self, range: &str, media: &'d Value, pointer: &str) -> Option<Reading> {
        let Some(schema) = media.get("schema") else { return Some(Reading::Unseen) };
        let place = child(pointer, "schema");
        let essence = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence.ends_with("/json") || essence.ends_with("+json");
        match essence.as_str() {
            "application/x-www-form-urlencoded" => {
                self.form(schema, media, &place).map(Reading::Form)
            }
            "multipart/form-data" => {
                let group = self.form(schema, media, &place)?;
                Some(Reading::Multipart(group, file_types(media)))
            }
            _ if is_json || essence == "*/*" || essence == "application/*" => {
                self.rule(schema, &place, false).map(|(rule, _)| Reading::Json(rule))
            }
            _ if essence.starts_with("text/") => {
                self.rule(schema, &place, false).map(|(rule, _)| Reading::Text(rule))
            }
            _ => Some(Reading::Unseen),
        }
    }

    fn rule(&mut self, schema: &'d Value, pointer: &str, is_form: bool) -> Option<(Rule, Value)> {
        let mut bundler = Bundler::new(self.document, self.dialect, self.options);
        bundler.is_form = is_form;
        let root = bundler.take(schema, pointer);
        let (root, problems) = bundler.close(root);
        self.problems.extend(problems);
        let rule = Rule::compile(&root, pointer, self.options, self.problems)?;
        Some((rule, root))
    }

    fn form(&mut self, schema: &'d Value, media: &Value, pointer: &str) -> Option<Group> {
        let (rule, root) = self.rule(schema, pointer, true)?;
        let mut parameters = Vec::new();
        for (name, shape) in Shape::of_members(&root) {
            let said = media.get("encoding").and_then(|all| all.get(&name));
            let style = match said {
                Some(said) => Style::said(said, Place::Body, &shape),
                None => Ok(Style::usual(Place::Body, &shape)),
            };
            match style {
                Ok(style) => parameters.push(Parameter { name, style, shape, may_be_empty: false }),
                Err(style) => {
                    let message = format!("fields of style `{style}` are not read");
                    self.problems.add(pointer, message, "use `form` or `deepObject`");
                }
            }
        }
        let limits = self.options.limits;
        Some(Group { place: Place::Body, parameters, rule, shows_unknown: true, limits })
    }
}

/// The media types that `encoding` names for fields.
fn file_types(media: &Value) -> BTreeMap<String, Vec<String>> {
    let said = media.get("encoding").and_then(Value::as_object).into_iter().flatten();
    let types = said.filter_map(|(name, said)| {
        let types = said.get("contentType")?.as_str()?;
        Some((name.clone(), types.split(',').map(|one| one.trim().to_ascii_lowercase()).collect()))
    });
    types.collect()
}
