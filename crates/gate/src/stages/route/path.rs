//! What a route's `path` says.

use std::fmt;
use std::hash::{Hash, Hasher};

use mantlet_config::{Complaint, Scalar, Value};

use crate::stages::hygiene::{PathPolicy, normalize};

const HINT: &str =
    "write a path such as `/health`, `/users/{user}`, or `/admin/*` for it and everything below";

/// Which paths a route is for: the segments of a normal path, some of which may be parameters, and
/// whether everything below is meant, too.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathPattern {
    segments: Vec<Segment>,
    below: Option<Below>,
}

/// One segment of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Segment {
    /// Exactly this one, in normal form.
    Literal(String),
    /// Any that is not empty.
    Parameter(Name),
}

/// That a pattern is for everything below it, and what that is called; `/*` calls it nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Below(Name);

/// What a parameter is called. It has no part in which paths a pattern is for, so all are equal.
#[derive(Debug, Clone, Default)]
pub(super) struct Name(String);

impl PartialEq for Name {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, _state: &mut H) {}
}

/// Where in a path a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spot {
    /// The segment of this number, from 0.
    Segment(usize),
    /// All segments from this number on.
    From(usize),
}

impl PathPattern {
    /// The pattern of every path.
    #[must_use]
    pub const fn all() -> Self {
        Self { segments: Vec::new(), below: Some(Below(Name(String::new()))) }
    }

    /// The pattern of a normal path and everything below it.
    #[must_use]
    pub(crate) fn under(path: &str) -> Self {
        Self { below: Some(Below(Name::default())), ..Self::exactly(path) }
    }

    /// The pattern of one normal path.
    #[must_use]
    pub(crate) fn exactly(path: &str) -> Self {
        let inner = path.trim_end_matches('/').strip_prefix('/');
        let segments = inner.into_iter().flat_map(|inner| inner.split('/'));
        let segments = segments.map(|text| Segment::Literal(text.to_owned())).collect();
        Self { segments, below: None }
    }

    /// Whether it is for one path alone.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.below.is_none() && self.segments.iter().all(|it| matches!(it, Segment::Literal(_)))
    }

    /// Whether every path of `other` is one of ours.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let is_long_enough = match (&self.below, &other.below) {
            (Some(_), _) => self.segments.len() <= other.segments.len(),
            (None, None) => self.segments.len() == other.segments.len(),
            (None, Some(_)) => false,
        };
        let mut pairs = self.segments.iter().zip(&other.segments);
        is_long_enough && pairs.all(|(own, other)| own.covers(other))
    }

    /// The pattern of the paths that both are for; `None` where there are none.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        let (longer, shorter) =
            if self.segments.len() < other.segments.len() { (other, self) } else { (self, other) };
        let is_reached = longer.segments.len() == shorter.segments.len() || shorter.below.is_some();
        let pairs = longer.segments.iter().zip(&shorter.segments);
        let met: Option<Vec<Segment>> = pairs.map(|(one, two)| one.meet(two)).collect();
        let mut segments = met.filter(|_| is_reached)?;
        segments.extend(longer.segments.iter().skip(segments.len()).cloned());
        let is_deeper = longer.segments.len() > shorter.segments.len();
        let below = if is_deeper || shorter.below.is_some() { longer.below.clone() } else { None };
        Some(Self { segments, below })
    }

    /// Orders patterns that cover one another: a larger rank is more specific.
    pub(super) fn rank(&self) -> (usize, usize, bool) {
        let is_literal = |it: &&Segment| matches!(it, Segment::Literal(_));
        let literals = self.segments.iter().filter(is_literal).count();
        (self.segments.len(), literals, self.below.is_none())
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    pub(super) const fn has_below(&self) -> bool {
        self.below.is_some()
    }

    /// The names of the parameters, and where they stand.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, Spot)> {
        let named = self.segments.iter().enumerate().filter_map(|(at, segment)| match segment {
            Segment::Parameter(name) => Some((name.0.as_str(), Spot::Segment(at))),
            Segment::Literal(_) => None,
        });
        let rest = self.below.iter().filter(|below| !below.0.0.is_empty());
        named.chain(rest.map(|below| (below.0.0.as_str(), Spot::From(self.segments.len()))))
    }
}

impl Segment {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            // An empty segment is nobody's name.
            (Self::Parameter(_), Self::Literal(text)) => !text.is_empty(),
            (Self::Parameter(_), Self::Parameter(_)) => true,
            (Self::Literal(_), Self::Parameter(_)) => false,
            (Self::Literal(one), Self::Literal(two)) => one == two,
        }
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        match (self.covers(other), other.covers(self)) {
            (true, _) => Some(other.clone()),
            (_, true) => Some(self.clone()),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, Complaint> {
        let Some(inner) = text.strip_prefix('{') else {
            return if text.is_empty() {
                Err(Complaint::new("the path has an empty segment", HINT))
            } else if text.contains(['{', '}']) {
                let message = format!("`{text}` is half a parameter");
                Err(Complaint::new(message, "a parameter is a whole segment: `/users/{user}`"))
            } else {
                Ok(Self::Literal(text.to_owned()))
            };
        };
        Name::parse(inner.strip_suffix('}').unwrap_or_default()).map(Self::Parameter)
    }
}

impl Name {
    fn parse(text: &str) -> Result<Self, Complaint> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        let shown: String = text.chars().take(70).collect();
        let message = format!("`{}` is no name of a parameter", shown.escape_debug());
        Err(Complaint::new(
            message,
            "use letters, digits, `_` and `-`, at most 64: `/users/{user}`",
        ))
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // In a pattern, a star of its own is an escape.
            Self::Literal(text) => f.write_str(&text.replace('*', "%2A")),
            Self::Parameter(name) => write!(f, "{{{}}}", name.0),
        }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.segments {
            write!(f, "/{segment}")?;
        }
        match &self.below {
            Some(Below(name)) if name.0.is_empty() => f.write_str("/*"),
            Some(Below(name)) => write!(f, "/{{*{}}}", name.0),
            None if self.segments.is_empty() => f.write_str("/"),
            None => Ok(()),
        }
    }
}

impl Scalar for PathPattern {
    const KIND: &'static str = "path, with parameters as `{user}`, or ending in `/*`";
    const EXAMPLE: &'static str = "/admin/*";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = value.as_str().ok_or_else(|| Complaint::new("not a path", HINT))?;
        let (path, below) = split_below(text)?;
        if !(path.starts_with('/') || (path.is_empty() && below.is_some())) || path.contains('*') {
            return Err(Complaint::new(format!("`{text}` is not a path pattern"), HINT));
        }
        let end = text.get(path.len()..).unwrap_or_default();
        let inner = path.strip_suffix('/').unwrap_or(path);
        let parts = inner.split('/').skip(1).map(Segment::parse);
        let segments = parts.collect::<Result<Vec<_>, _>>()?;
        check_names(&segments, below.as_ref())?;
        // What stands in place of parameters changes nothing about the rest.
        let filled: String = segments.iter().map(Segment::filled).collect();
        if let Some(encoded) = encoded(inner) {
            return Err(Complaint::new(
                format!("`{text}` is not how a path is sent"),
                format!("write `{encoded}{end}`"),
            ));
        }
        let filled = if filled.is_empty() { "/".to_owned() } else { filled };
        let normal = normalize(&filled, &PathPolicy::lenient())
            .map_err(|error| Complaint::new(format!("`{text}`: {error}"), HINT))?;
        let key = normal.match_key().replace('*', "%2A");
        if key != filled {
            return Err(Complaint::new(
                format!("`{text}` is not in normal form"),
                format!("write it as `{key}`: paths are compared after they were normalised"),
            ));
        }
        // The normal form holds no escaped star.
        let segments = segments.into_iter().map(Segment::normal).collect();
        Ok(Self { segments, below })
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

impl Segment {
    /// As a piece of a path.
    fn filled(&self) -> String {
        match self {
            Self::Literal(text) => format!("/{text}"),
            Self::Parameter(_) => "/x".to_owned(),
        }
    }

    fn normal(self) -> Self {
        match self {
            Self::Literal(text) => Self::Literal(text.replace("%2A", "*")),
            parameter @ Self::Parameter(_) => parameter,
        }
    }
}

/// What comes before `/*` or `/{*rest}`, and what that says.
fn split_below(text: &str) -> Result<(&str, Option<Below>), Complaint> {
    if let Some(path) = text.strip_suffix("/*") {
        return Ok((path, Some(Below(Name::default()))));
    }
    match text.strip_suffix('}').and_then(|text| text.rsplit_once("/{*")) {
        Some((path, name)) => Ok((path, Some(Below(Name::parse(name)?)))),
        None => Ok((text, None)),
    }
}

/// Two parameters of one name could say two things.
fn check_names(segments: &[Segment], below: Option<&Below>) -> Result<(), Complaint> {
    let mut names: Vec<&str> = segments
        .iter()
        .filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name.0.as_str()),
            Segment::Literal(_) => None,
        })
        .chain(below.map(|below| below.0.0.as_str()).filter(|name| !name.is_empty()))
        .collect();
    names.sort_unstable();
    let twice = names.windows(2).find_map(|pair| match pair {
        [one, two] if one == two => Some(*one),
        _ => None,
    });
    let Some(name) = twice else { return Ok(()) };
    let message = format!("the parameter `{name}` stands there twice");
    Err(Complaint::new(message, "give each a name of its own"))
}

/// `path` with every byte percent-encoded that a client would have to encode; `None` when there is
/// none. Braces were read as parameters before.
fn encoded(path: &str) -> Option<String> {
    let needs_escape = |byte: u8| !byte.is_ascii_graphic() || b"\"<>^`|?#".contains(&byte);
    let escape = |byte: u8| match needs_escape(byte) {
        true => format!("%{byte:02X}"),
        false => char::from(byte).to_string(),
    };
    path.bytes().any(needs_escape).then(|| path.bytes().map(escape).collect())
}
