//! Conditional requests: what the client has already, and which part it wants (RFC 9110).

use std::time::SystemTime;

use http::header::{
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use http::{HeaderMap, HeaderName, StatusCode};

use super::Version;
use super::range::{self, Asked, Part};

/// What a request says about the answer it wants.
#[derive(Debug)]
pub(super) struct Conditions {
    pub(super) is_head: bool,
    /// When the request came.
    pub(super) now: SystemTime,
    /// The states that the client is content with.
    only_match: Option<String>,
    unmodified_since: Option<SystemTime>,
    none_match: Option<String>,
    modified_since: Option<SystemTime>,
    range: Option<String>,
    if_range: Option<String>,
}

/// What is sent of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Whole,
    Part(Part),
    /// It is in none of the states that the client is content with.
    Changed,
    /// The client has it already.
    NotModified,
    /// The part that was asked for is not in the file.
    Unsatisfiable,
}

impl Outcome {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::Whole => StatusCode::OK,
            Self::Part(_) => StatusCode::PARTIAL_CONTENT,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::NotModified => StatusCode::NOT_MODIFIED,
            Self::Unsatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
        }
    }
}

impl Conditions {
    pub(super) fn of(headers: &HeaderMap, is_head: bool, now: SystemTime) -> Self {
        let date = |text: String| httpdate::parse_http_date(&text).ok();
        Self {
            is_head,
            now,
            only_match: joined(headers, &IF_MATCH),
            unmodified_since: single(headers, &IF_UNMODIFIED_SINCE).and_then(date),
            none_match: joined(headers, &IF_NONE_MATCH),
            modified_since: single(headers, &IF_MODIFIED_SINCE).and_then(date),
            // Ranges are defined for GET only.
            range: single(headers, &RANGE).filter(|_| !is_head),
            if_range: single(headers, &IF_RANGE),
        }
    }

    /// What to send of a file in this state.
    pub(super) fn decide(&self, version: &Version) -> Outcome {
        if !self.accepts(version) {
            return Outcome::Changed;
        }
        if self.has(version) {
            return Outcome::NotModified;
        }
        match &self.range {
            Some(range) if self.resumes(version) => match range::parse(range, version.size) {
                Asked::Whole => Outcome::Whole,
                Asked::Part(part) => Outcome::Part(part),
                Asked::Outside => Outcome::Unsatisfiable,
            },
            _ => Outcome::Whole,
        }
    }

    /// Whether the client is content with this state; where it sent tags, its dates do not count.
    fn accepts(&self, version: &Version) -> bool {
        match (&self.only_match, self.unmodified_since) {
            (Some(tags), _) => {
                let tag = version.tag();
                tags.split(',').map(str::trim).any(|known| known == "*" || known == tag)
            }
            (None, Some(since)) => version.modified <= since,
            (None, None) => true,
        }
    }

    /// Whether the client has this state; where it sent tags, its dates do not count.
    fn has(&self, version: &Version) -> bool {
        match (&self.none_match, self.modified_since) {
            (Some(tags), _) => {
                let tag = version.tag();
                let is_same = |known: &str| known == "*" || known.trim_start_matches("W/") == tag;
                tags.split(',').map(str::trim).any(is_same)
            }
            (None, Some(since)) => version.modified <= since,
            (None, None) => false,
        }
    }

    /// Whether a part of this state fits what the client has of it.
    fn resumes(&self, version: &Version) -> bool {
        let Some(known) = self.if_range.as_deref() else { return true };
        if known.starts_with('"') || known.starts_with("W/") {
            return known == version.tag();
        }
        httpdate::parse_http_date(known).is_ok_and(|date| date == version.modified)
    }
}

/// The value of a header that is sent once; `None` when it is absent or repeated.
fn single(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then(|| value.to_owned())
}

/// All values of a list header.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<_> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    (!values.is_empty()).then(|| values.join(","))
}
