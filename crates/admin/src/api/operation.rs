//! What is known of one operation: enough to route to it, to describe it and to answer it.

use std::future::Future;
use std::pin::Pin;

use http::Method;
use mantlet_types::Reason;

use super::call::Call;
use super::problem::Problem;
use super::reply::Reply;

/// What a handler comes to.
pub(super) type Answered<'a> = Pin<Box<dyn Future<Output = Result<Reply, Problem>> + Send + 'a>>;

/// Answers a call that has passed every check.
pub(super) type Handler = for<'a> fn(&'a Call) -> Answered<'a>;

/// A method that operations have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// The method; HEAD is asked what GET is.
    pub(super) fn of(method: &Method) -> Option<Self> {
        Some(match method.as_str() {
            "GET" | "HEAD" => Self::Get,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => return None,
        })
    }

    /// As it is written in a document.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// As it is written in `Allow`.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What the body of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// There is none.
    None,
    /// JSON of the schema of this name.
    Json(&'static str),
    /// A form of the schema of this name, as the standards about tokens want it.
    Form(&'static str),
}

/// Whether a request says with `If-Match` what it wants to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It cannot.
    Ignored,
    /// It must.
    Required,
}

/// One operation.
#[derive(Clone, Copy)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    /// Its path below the root, with parameters in braces.
    pub(super) path: &'static str,
    /// Its name in the document.
    pub(super) id: &'static str,
    /// One line about it.
    pub(super) summary: &'static str,
    /// More about it; empty for nothing.
    pub(super) about: &'static str,
    /// The scope that it needs; `None` for what everybody may ask who reaches the listener.
    pub(super) scope: Option<&'static str>,
    /// The names of its query parameters, which the document describes.
    pub(super) query: &'static [&'static str],
    pub(super) body: BodyKind,
    pub(super) condition: Condition,
    /// The status of the answer where it succeeds.
    pub(super) status: u16,
    /// The schema of that answer; `None` where it has no body.
    pub(super) answer: Option<&'static str>,
    /// What can go wrong beyond what can go wrong with all of its kind.
    pub(super) problems: &'static [&'static Reason],
    /// Whether it only asks, although its method is POST.
    pub(super) is_question: bool,
    pub(super) handle: Handler,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Operation {
    const fn new(verb: Verb, path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self {
            verb,
            path,
            id,
            summary: "",
            about: "",
            scope: None,
            query: &[],
            body: BodyKind::None,
            condition: Condition::Ignored,
            status: 200,
            answer: None,
            problems: &[],
            is_question: false,
            handle,
        }
    }

    pub(super) const fn get(path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self::new(Verb::Get, path, id, handle)
    }

    pub(super) const fn post(path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self::new(Verb::Post, path, id, handle)
    }

    pub(super) const fn put(path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self::new(Verb::Put, path, id, handle)
    }

    pub(super) const fn patch(path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self::new(Verb::Patch, path, id, handle)
    }

    pub(super) const fn delete(path: &'static str, id: &'static str, handle: Handler) -> Self {
        Self::new(Verb::Delete, path, id, handle)
    }

    pub(super) const fn about(self, summary: &'static str, about: &'static str) -> Self {
        Self { summary, about, ..self }
    }

    pub(super) const fn needs(self, scope: &'static str) -> Self {
        Self { scope: Some(scope), ..self }
    }

    pub(super) const fn query(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    pub(super) const fn body(self, body: BodyKind) -> Self {
        Self { body, ..self }
    }

    pub(super) const fn only_asks(self) -> Self {
        Self { is_question: true, ..self }
    }

    pub(super) const fn if_match(self) -> Self {
        Self { condition: Condition::Required, ..self }
    }

    pub(super) const fn answers(self, status: u16, answer: Option<&'static str>) -> Self {
        Self { status, answer, ..self }
    }

    pub(super) const fn fails(self, problems: &'static [&'static Reason]) -> Self {
        Self { problems, ..self }
    }

    /// Whether it changes something.
    pub(super) fn is_change(&self) -> bool {
        self.verb != Verb::Get && !self.is_question
    }

    /// Whether it can be sent again under the same key without being done again.
    pub(super) fn is_repeatable(&self) -> bool {
        self.verb == Verb::Post && !self.is_question
    }

    /// The names of the parameters of its path.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The texts of its parameters in a path, escaped as they are there; `None` for another path.
    pub(super) fn read<'p>(&self, path: &'p str) -> Option<Vec<&'p str>> {
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let mut texts = Vec::new();
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return Some(texts),
                (Some(part), Some(text)) if part.starts_with('{') && !text.is_empty() => {
                    texts.push(text);
                }
                (Some(part), Some(text)) if part == text => {}
                _ => return None,
            }
        }
    }
}
