//! What is wrong with a request: where, by which rule, and why; never what was sent.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::pointer;

/// Longest name of a client's own that is repeated, in characters.
const SHOWN_NAME: usize = 64;
/// Longest list of choices that is told, in bytes.
const SHOWN_CHOICES: usize = 200;

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The path, by its template's parameters.
    Path,
    /// The query.
    Query,
    /// The header fields.
    Header,
    /// The cookies.
    Cookie,
    /// The body.
    Body,
}

impl Place {
    /// The word for it, as OpenAPI has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body => "body",
        }
    }
}

/// One thing that is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The part of the request.
    pub place: Place,
    /// Where in that part: a JSON pointer, empty for the whole; of parameters the first step is the
    /// name.
    pub pointer: String,
    /// The rule that is broken: a keyword of JSON Schema, or a word of ours.
    pub keyword: &'static str,
    /// What is wanted, for people; says nothing of the value.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(
        place: Place,
        pointer: impl Into<String>,
        keyword: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { place, pointer: pointer.into(), keyword, message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.place.as_str(), self.pointer, self.keyword)
    }
}

/// Adds what `error` says to `faults`, at most up to `limit`.
pub(crate) fn add(
    place: Place,
    error: &ValidationError<'_>,
    limit: usize,
    faults: &mut Vec<Fault>,
) {
    if faults.len() >= limit {
        return;
    }
    let at = error.instance_path().as_str();
    let mut names = |names: &[String], keyword, message| {
        for name in names.iter().take(limit.saturating_sub(faults.len())) {
            faults.push(Fault::new(place, named(at, name), keyword, message));
        }
    };
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            names(unexpected, "additionalProperties", "is not known here");
        }
        ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            names(unexpected, "unevaluatedProperties", "is not known here");
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default().to_owned();
            names(&[name], "required", "is required");
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            choices(place, (at, error.kind()), context, limit, faults);
        }
        kind => faults.push(Fault::new(place, bounded(at), keyword(kind), message(kind))),
    }
}

/// What to say when none of several schemas is met: the complaint of the only one that is for this
/// type of value, or that none is.
fn choices(
    place: Place,
    (at, kind): (&str, &ValidationErrorKind),
    branches: &[Vec<ValidationError<'static>>],
    limit: usize,
    faults: &mut Vec<Fault>,
) {
    let is_other_type = |branch: &&Vec<ValidationError<'static>>| {
        branch.iter().any(|error| {
            error.instance_path().as_str() == at
                && matches!(error.kind(), ValidationErrorKind::Type { .. })
        })
    };
    let mut fitting = branches.iter().filter(|branch| !is_other_type(branch));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => only.iter().for_each(|error| add(place, error, limit, faults)),
        (None, _) if !branches.is_empty() => {
            let types: Vec<String> = branches.iter().flatten().filter_map(wanted_type).collect();
            let message = format!("must be {}", types.join(" or "));
            faults.push(Fault::new(place, bounded(at), "type", message));
        }
        _ => {
            let message = "matches none of the alternatives";
            faults.push(Fault::new(place, bounded(at), keyword(kind), message));
        }
    }
}

fn wanted_type(error: &ValidationError<'static>) -> Option<String> {
    match error.kind() {
        ValidationErrorKind::Type { kind } => Some(types(kind)),
        _ => None,
    }
}

/// `pointer` with a name that may be a client's own.
fn named(pointer: &str, name: &str) -> String {
    let shown: String = name.chars().take(SHOWN_NAME).collect();
    pointer::child(&bounded(pointer), &shown)
}

/// A pointer may hold names of the client's own.
fn bounded(pointer: &str) -> String {
    let step = |step: &str| step.chars().take(SHOWN_NAME).collect::<String>();
    pointer.split('/').map(step).collect::<Vec<_>>().join("/")
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(kinds) => {
            let names: Vec<String> = kinds.iter().map(|kind| kind.to_string()).collect();
            names.join(" or ")
        }
    }
}

const fn keyword(kind: &ValidationErrorKind) -> &'static str {
    use ValidationErrorKind as K;
    match kind {
        K::AdditionalItems { .. } | K::UnevaluatedItems { .. } => "items",
        K::AnyOf { .. } => "anyOf",
        K::BacktrackLimitExceeded { .. } | K::RegexEngineFailure { .. } | K::Pattern { .. } => {
            "pattern"
        }
        K::Constant { .. } => "const",
        K::Contains => "contains",
        K::ContentEncoding { .. } | K::FromUtf8 { .. } => "contentEncoding",
        K::ContentMediaType { .. } => "contentMediaType",
        K::Enum { .. } => "enum",
        K::ExclusiveMaximum { .. } => "exclusiveMaximum",
        K::ExclusiveMinimum { .. } => "exclusiveMinimum",
        K::FalseSchema => "false",
        K::Format { .. } => "format",
        K::MaxItems { .. } => "maxItems",
        K::Maximum { .. } => "maximum",
        K::MaxLength { .. } => "maxLength",
        K::MaxProperties { .. } => "maxProperties",
        K::MinItems { .. } => "minItems",
        K::Minimum { .. } => "minimum",
        K::MinLength { .. } => "minLength",
        K::MinProperties { .. } => "minProperties",
        K::MultipleOf { .. } => "multipleOf",
        K::Not { .. } => "not",
        K::OneOfMultipleValid { .. } | K::OneOfNotValid { .. } => "oneOf",
        K::PropertyNames { .. } => "propertyNames",
        K::Type { .. } => "type",
        // Our own keyword in place of the library's.
        K::UniqueItems | K::Custom { .. } => "uniqueItems",
        _ => "schema",
    }
}

fn message(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as K;
    match kind {
        K::AdditionalItems { .. } | K::UnevaluatedItems { .. } => "has too many items".into(),
        K::Constant { expected_value } => format!("must be {}", choice(expected_value)),
        K::Contains => "lacks an item that is asked for".into(),
        K::Enum { options } => one_of(options),
        K::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        K::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        K::FalseSchema => "may not be given".into(),
        K::Format { format } => format!("must be written as {format}"),
        K::MaxItems { limit } => format!("must have at most {limit} items"),
        K::Maximum { limit } => format!("must be at most {limit}"),
        K::MaxLength { limit } => format!("must have at most {limit} characters"),
        K::MaxProperties { limit } => format!("must have at most {limit} members"),
        K::MinItems { limit } => format!("must have at least {limit} items"),
        K::Minimum { limit } => format!("must be at least {limit}"),
        K::MinLength { limit } => format!("must have at least {limit} characters"),
        K::MinProperties { limit } => format!("must have at least {limit} members"),
        K::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        K::Not { .. } => "is excluded".into(),
        K::OneOfMultipleValid { .. } => "matches more than one of the alternatives".into(),
        K::Pattern { .. } => "is not written as asked for".into(),
        K::PropertyNames { .. } => "has a member whose name is not allowed".into(),
        K::Type { kind } => format!("must be {}", types(kind)),
        K::UniqueItems | K::Custom { .. } => "has an item twice".into(),
        _ => "is not as asked for".into(),
    }
}

fn choice(value: &Value) -> String {
    let text = value.to_string();
    if text.len() > SHOWN_CHOICES { "the one value that is allowed".into() } else { text }
}

fn one_of(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<String> = options.iter().map(Value::to_string).collect();
    let list = texts.join(", ");
    if list.len() > SHOWN_CHOICES {
        format!("must be one of {} values", texts.len())
    } else {
        format!("must be one of {list}")
    }
}
