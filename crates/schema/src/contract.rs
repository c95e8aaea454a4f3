//! Everything that is asked of requests on one route.

use http::Method;

use crate::operation::Operation;
use crate::path::Paths;

/// Everything that is asked of requests on one route, compiled once.
#[derive(Debug)]
pub struct Contract(pub(crate) Kind);

#[derive(Debug)]
pub(crate) enum Kind {
    /// The paths of an OpenAPI document, each below every base.
    Paths { bases: Vec<String>, paths: Paths, items: Vec<Item> },
    /// The same for every request.
    Everywhere(Box<Operation>),
}

/// What is said about one path.
#[derive(Debug)]
pub(crate) struct Item {
    /// The parameters of its template, in order.
    pub(crate) names: Vec<String>,
    pub(crate) operations: Vec<(Method, Operation)>,
    /// Its methods, as the field `Allow` has them.
    pub(crate) allow: String,
}

/// What a request is for.
#[derive(Debug)]
pub enum Found<'c, 'p> {
    /// An operation, with the parameters of the path and their texts.
    Operation(&'c Operation, Captures<'c, 'p>),
    /// A path that is not listed.
    UnlistedPath,
    /// A method that is not listed for this path; those that are, as the field `Allow` has them.
    UnlistedMethod(&'c str),
}

/// The parameters of a path with their texts, escaped as they are there.
#[derive(Debug, Default)]
pub struct Captures<'c, 'p> {
    names: &'c [String],
    texts: Vec<&'p str>,
}

impl<'c, 'p> Captures<'c, 'p> {
    /// Each name with its text.
    pub fn iter(&self) -> impl Iterator<Item = (&'c str, &'p str)> {
        self.names.iter().map(String::as_str).zip(self.texts.iter().copied())
    }
}

impl Contract {
    /// What a request is for; `path` in normal form. HEAD is asked what GET is, unless the document
    /// says something else.
    #[must_use]
    pub fn find<'c, 'p>(&'c self, method: &Method, path: &'p str) -> Found<'c, 'p> {
        let (bases, paths, items) = match &self.0 {
            Kind::Everywhere(operation) => return Found::Operation(operation, Captures::default()),
            Kind::Paths { bases, paths, items } => (bases, paths, items),
        };
        let below = |base: &String| {
            let rest = path.strip_prefix(base.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then_some(rest)
        };
        let found = bases.iter().filter_map(below).find_map(|rest| paths.find(rest));
        let item = found.and_then(|(index, texts)| Some((items.get(index)?, texts)));
        let Some((item, texts)) = item else { return Found::UnlistedPath };
        let listed = |wanted: &Method| {
            item.operations.iter().find(|(method, _)| method == wanted).map(|(_, one)| one)
        };
        let as_get = || if *method == Method::HEAD { listed(&Method::GET) } else { None };
        match listed(method).or_else(as_get) {
            Some(operation) => Found::Operation(operation, Captures { names: &item.names, texts }),
            None => Found::UnlistedMethod(&item.allow),
        }
    }
}
