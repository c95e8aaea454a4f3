//! Contracts of single JSON Schema documents, one for each part of a request.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::body::{Body, Content, Reading, Required};
use crate::bundle::{Bundler, Dialect};
use crate::contract::{Contract, Kind};
use crate::fault::Place;
use crate::group::Group;
use crate::operation::{Bodies, Operation};
use crate::options::{Options, Unknown};
use crate::parameter::Parameter;
use crate::problem::{Problem, Problems};
use crate::rule::Rule;
use crate::shape::Shape;

impl Contract {
    /// A contract of JSON Schema documents (draft 2020-12 or draft 7), each for one part of every
    /// request.
    ///
    /// # Errors
    /// Every problem of one of the documents, with its part.
    pub fn from_schemas(
        schemas: &[(Place, &Value)],
        options: &Options,
    ) -> Result<Self, Vec<(Place, Problem)>> {
        let (mut operation, mut found) = (Operation::default(), Vec::new());
        for (place, schema) in schemas {
            let mut problems = Problems::default();
            add(*place, schema, options, &mut operation, &mut problems);
            if let Err(problems) = problems.or(()) {
                found.extend(problems.into_iter().map(|problem| (*place, problem)));
            }
        }
        if !found.is_empty() {
            return Err(found);
        }
        Ok(Self(Kind::Everywhere(Box::new(operation.settle()))))
    }
}

fn add(
    place: Place,
    schema: &Value,
    options: &Options,
    operation: &mut Operation,
    problems: &mut Problems,
) {
    let Some(dialect) = dialect(schema, problems) else { return };
    if place == Place::Body {
        let body = body(schema, dialect, options, problems);
        operation.bodies = body.map_or(Bodies::Unmentioned, Bodies::Checked);
        return;
    }
    let group = group(place, schema, dialect, options, false, problems);
    match place {
        Place::Query => operation.query = group,
        Place::Header => operation.headers = group,
        Place::Cookie => operation.cookies = group,
        Place::Path | Place::Body => {}
    }
}

fn dialect(schema: &Value, problems: &mut Problems) -> Option<Dialect> {
    let Some(name) = schema.get("$schema") else { return Some(Dialect::Draft202012) };
    let name = name.as_str().unwrap_or_default().trim_end_matches('#');
    match name {
        "https://json-schema.org/draft/2020-12/schema" => Some(Dialect::Draft202012),
        "http://json-schema.org/draft-07/schema" => Some(Dialect::Draft7),
        _ => {
            let hint =
                "draft 2020-12 and draft 7 are: https://json-schema.org/draft/2020-12/schema";
            problems.add("#/$schema", format!("schemas of `{name}` are not read"), hint);
            None
        }
    }
}

fn rooted(
    schema: &Value,
    dialect: Dialect,
    options: &Options,
    is_form: bool,
    problems: &mut Problems,
) -> Value {
    let mut bundler = Bundler::new(schema, dialect, options);
    bundler.is_form = is_form;
    let root = bundler.take(schema, "#");
    let (root, found) = bundler.close(root);
    problems.extend(found);
    root
}

fn body(
    schema: &Value,
    dialect: Dialect,
    options: &Options,
    problems: &mut Problems,
) -> Option<Body> {
    let root = rooted(schema, dialect, options, false, problems);
    let json = Rule::compile(&root, "#", options, problems)?;
    let form = group(Place::Body, schema, dialect, options, true, problems)?;
    let parts = group(Place::Body, schema, dialect, options, true, problems)?;
    let contents = vec![
        Content::new("*/*", Reading::Json(json)),
        Content::new("application/x-www-form-urlencoded", Reading::Form(form)),
        Content::new("multipart/form-data", Reading::Multipart(parts, BTreeMap::new())),
    ];
    Some(Body { contents, required: Required::ByMethod, limits: options.limits })
}

fn group(
    place: Place,
    schema: &Value,
    dialect: Dialect,
    options: &Options,
    is_form: bool,
    problems: &mut Problems,
) -> Option<Group> {
    let mut root = rooted(schema, dialect, options, is_form, problems);
    let says_so = ["additionalProperties", "unevaluatedProperties"];
    let says_so = says_so.iter().any(|keyword| root.get(*keyword).is_some());
    if place == Place::Query
        && options.unknown_query == Unknown::Refuse
        && !says_so
        && let Some(root) = root.as_object_mut()
    {
        root.insert("unevaluatedProperties".into(), json!(false));
    }
    let members = Shape::of_members(&root);
    let rule = Rule::compile(&root, "#", options, problems)?;
    let mut names = members.iter().map(|(name, _)| name);
    if place == Place::Header
        && let Some(name) = names.find(|name| name.chars().any(char::is_uppercase))
    {
        let message = format!("the header `{name}` is never found");
        problems.add("#/properties", message, "write names of headers in lower case");
    }
    let parameters = members.into_iter();
    let parameters = parameters.map(|(name, shape)| Parameter::plain(place, name, shape)).collect();
    let shows_unknown = matches!(place, Place::Query | Place::Body);
    Some(Group { place, parameters, rule, shows_unknown, limits: options.limits })
}
