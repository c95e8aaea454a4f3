//! Contracts of OpenAPI documents, 3.0 and 3.1.

mod content;
mod parameters;

use http::Method;
use serde_json::{Map, Value};
use url::Url;

use crate::bundle::Dialect;
use crate::contract::{Contract, Item, Kind};
use crate::fault::Place;
use crate::operation::{Bodies, Operation};
use crate::options::Options;
use crate::path::{PathFault, Paths};
use crate::pointer::{child, follow};
use crate::problem::{Problem, Problems};

/// Most operations of one document.
const MAX_OPERATIONS: usize = 2000;
/// The methods that a path can have.
const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

impl Contract {
    /// A contract of an OpenAPI document.
    ///
    /// # Errors
    /// Every problem of the document.
    pub fn from_openapi(document: &Value, options: &Options) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let dialect = match document.get("openapi").and_then(Value::as_str) {
            Some(version) if version.starts_with("3.0.") => Dialect::OpenApi30,
            Some(version) if version.starts_with("3.1.") => Dialect::OpenApi31,
            Some(version) => {
                let message = format!("OpenAPI {version} is not read");
                return Err(vec![Problem::new("#/openapi", message, "write it as 3.1 or 3.0")]);
            }
            None => {
                let hint = "it says `openapi: 3.1.0`; Swagger 2.0 can be converted";
                return Err(vec![Problem::new("#", "this is no OpenAPI document", hint)]);
            }
        };
        let mut reader =
            Reader { document, dialect, options, problems: &mut problems, operations: 0 };
        let (paths, items) = reader.paths();
        let bases = match &options.base {
            Some(base) => vec![base.trim_end_matches('/').to_owned()],
            None => bases(document),
        };
        problems.or(Self(Kind::Paths { bases, paths, items }))
    }
}

/// The paths of the servers that a document names, without a slash at the end.
fn bases(document: &Value) -> Vec<String> {
    let servers = document.get("servers").and_then(Value::as_array);
    let mut bases: Vec<String> = Vec::new();
    for server in servers.into_iter().flatten() {
        let mut url = server.get("url").and_then(Value::as_str).unwrap_or("/").to_owned();
        let variables = server.get("variables").and_then(Value::as_object);
        for (name, variable) in variables.into_iter().flatten() {
            let usual = variable.get("default").and_then(Value::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), usual);
        }
        let path = match Url::parse(&url) {
            Ok(url) => url.path().to_owned(),
            Err(_) => url,
        };
        let path = path.trim_end_matches('/').trim_start_matches('.');
        let path = if path.is_empty() || path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        if !bases.contains(&path) {
            bases.push(path);
        }
    }
    if bases.is_empty() {
        bases.push(String::new());
    }
    bases
}

/// Reads one document.
struct Reader<'d> {
    document: &'d Value,
    dialect: Dialect,
    options: &'d Options,
    problems: &'d mut Problems,
    operations: usize,
}

impl<'d> Reader<'d> {
    fn paths(&mut self) -> (Paths, Vec<Item>) {
        let (mut paths, mut items) = (Paths::default(), Vec::new());
        let Some(listed) = self.document.get("paths").and_then(Value::as_object) else {
            self.problems.add("#", "the document lists no paths", "add `paths`");
            return (paths, items);
        };
        for (template, item) in listed.iter().filter(|(template, _)| !template.starts_with("x-")) {
            let pointer = child("#/paths", template);
            let names = match paths.add(template, items.len()) {
                Ok(names) if template.starts_with('/') => names,
                Err(PathFault::Twin) => {
                    let hint = "merge the two: their parameters differ by name alone";
                    self.problems.add(pointer, "another path is for the same requests", hint);
                    continue;
                }
                Ok(_) | Err(PathFault::Broken) => {
                    let hint = "write it as `/notes/{id}`, with text between two parameters";
                    self.problems.add(pointer, "this is no path", hint);
                    continue;
                }
            };
            if let Some((item, pointer)) = self.follow(item, &pointer) {
                items.push(self.item(item, &pointer, names));
            }
        }
        (paths, items)
    }

    /// What a value is, or refers to.
    fn follow(&mut self, value: &'d Value, pointer: &str) -> Option<(&'d Value, String)> {
        match follow(self.document, value, pointer) {
            Ok(found) => Some(found),
            Err(reference) => {
                let hint = "write a pointer into this document; nothing is fetched, and no other file is read";
                self.problems.add(
                    child(pointer, "$ref"),
                    format!("`{reference}` leads nowhere"),
                    hint,
                );
                None
            }
        }
    }

    fn item(&mut self, item: &'d Value, pointer: &str, names: Vec<String>) -> Item {
        let mut operations = Vec::new();
        for (word, method) in METHODS {
            let Some(operation) = item.get(word).and_then(Value::as_object) else { continue };
            self.operations += 1;
            if self.operations > MAX_OPERATIONS {
                let hint = "split the document by routes";
                self.problems.add(
                    "#/paths",
                    format!("more than {MAX_OPERATIONS} operations"),
                    hint,
                );
                break;
            }
            let place = child(pointer, word);
            let operation = self.operation(item, operation, (pointer, &place), &names);
            operations.push((method, operation));
        }
        let methods: Vec<&str> = operations.iter().map(|(method, _)| method.as_str()).collect();
        Item { names, allow: methods.join(", "), operations }
    }

    fn operation(
        &mut self,
        item: &'d Value,
        operation: &'d Map<String, Value>,
        (item_pointer, pointer): (&str, &str),
        names: &[String],
    ) -> Operation {
        let own = operation.get("parameters");
        let parameters =
            self.parameters(&[(item.get("parameters"), item_pointer), (own, pointer)], names);
        let mut group = |place| self.group(place, &parameters, pointer);
        let (path, query) = (group(Place::Path), group(Place::Query));
        let (headers, cookies) = (group(Place::Header), group(Place::Cookie));
        let bodies = match operation.get("requestBody") {
            None => Bodies::None,
            Some(body) => self.body(body, &child(pointer, "requestBody")),
        };
        Operation { path, query, headers, cookies, bodies, typed: None }.settle()
    }
}
