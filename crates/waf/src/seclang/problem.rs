//! What is wrong with a rule file, and where.

use std::fmt;
use std::sync::Arc;

/// A place in a rule file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as it was named when it was read.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The start of `file`.
    #[must_use]
    pub fn start_of(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: 1, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that keeps a rule set from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// What is wrong: lower case, no full stop, the rule's own words in backticks.
    pub message: String,
    /// What to do about it. `None` when the message says it.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a hint.
    #[must_use]
    pub fn new(place: &Place, message: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into(), hint: None }
    }

    /// The same problem with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same problem with a hint when there is one.
    #[must_use]
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A message and a hint that wait for their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// A name that is none of `names`: the hint is the nearest of them, or where they stand.
    pub(crate) fn unknown<'a>(
        what: &str,
        name: &str,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let bare = name.trim_start_matches('@').trim_start_matches("ctl:");
        let hint = nearest(bare, names)
            .unwrap_or_else(|| "docs/reference/seclang.md names all that are known".to_owned());
        Self::new(format!("unknown {what} `{name}`")).hint(hint)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn at(self, place: &Place) -> Problem {
        Problem::new(place, self.message).maybe_hint(self.hint)
    }
}

/// The name of `names` that is written nearest to `wanted`, as a hint.
fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = wanted.to_ascii_lowercase();
    names
        .into_iter()
        .map(|name| (distance(&wanted, &name.to_ascii_lowercase()), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len() / 3)
        .map(|(_, name)| format!("did you mean `{name}`?"))
}

/// Levenshtein distance in bytes; the names are short and ASCII.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.bytes().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        let mut next = Vec::with_capacity(row.len());
        next.push(before);
        for (above, b) in row.iter().skip(1).zip(right.bytes()) {
            let cost = diagonal + usize::from(a != b);
            diagonal = *above;
            before = cost.min(above + 1).min(before + 1);
            next.push(before);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_offered_only_when_it_is_near() {
        let names = ["REQUEST_HEADERS", "ARGS", "TX"];
        let hint = nearest("REQUEST_HEADER", names);
        assert_eq!(hint.as_deref(), Some("did you mean `REQUEST_HEADERS`?"));
        assert_eq!(nearest("SOMETHING", names), None);
    }

    #[test]
    fn an_unknown_name_says_what_to_do_about_it() {
        let near = Fault::unknown("control", "ctl:ruleEngin", ["ruleEngine", "auditEngine"]);
        assert_eq!(near.message, "unknown control `ctl:ruleEngin`");
        assert_eq!(near.hint.as_deref(), Some("did you mean `ruleEngine`?"));
        let far = Fault::unknown("operator", "@nosuch", ["rx", "pm"]);
        assert!(far.hint.unwrap().starts_with("docs/reference/seclang.md"));
    }
}
