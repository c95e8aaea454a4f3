//! What one operation asks of a request.

use std::sync::Arc;

use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;

use crate::body::{self, Body, Reading};
use crate::entry::{self, Entry};
use crate::fault::{Fault, Place};
use crate::group::Group;
use crate::refusal::{Refusal, RefusalKind};
use crate::typed::Typed;

/// What one operation asks of a request.
#[derive(Debug, Default)]
pub struct Operation {
    pub(crate) path: Option<Group>,
    pub(crate) query: Option<Group>,
    pub(crate) headers: Option<Group>,
    pub(crate) cookies: Option<Group>,
    pub(crate) bodies: Bodies,
    pub(crate) typed: Option<Arc<TypedHead>>,
}

/// What is said about bodies.
#[derive(Debug, Default)]
pub(crate) enum Bodies {
    /// Nothing: they are not our concern.
    #[default]
    Unmentioned,
    /// There is none.
    None,
    /// What they are checked against.
    Checked(Body),
}

/// The parameters of a request that can hold nothing but numbers and the like, see [`Typed`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TypedHead {
    /// Parameters of the path, by name.
    pub path: Typed,
    /// Query parameters, by name.
    pub query: Typed,
    /// Header fields, by name in lower case.
    pub headers: Typed,
    /// Cookies, by name.
    pub cookies: Typed,
}

/// The parts of a request that come before its body.
#[derive(Debug, Clone, Copy)]
pub struct Head<'r> {
    /// The query, without `?`; `None` where there is none.
    pub query: Option<&'r str>,
    /// The header fields.
    pub headers: &'r HeaderMap,
}

impl Operation {
    /// Prepares what the parameters of this operation are known to be.
    pub(crate) fn settle(mut self) -> Self {
        let typed = |group: &Option<Group>| {
            group.as_ref().map(|group| group.rule.typed().clone()).unwrap_or_default()
        };
        let head = TypedHead {
            path: typed(&self.path),
            query: typed(&self.query),
            headers: typed(&self.headers),
            cookies: typed(&self.cookies),
        };
        self.typed = (head != TypedHead::default()).then(|| Arc::new(head));
        self
    }

    /// Checks everything but the body; `path` are the parameters of the path with their texts.
    ///
    /// # Errors
    /// [`Refusal`] with what is wrong.
    pub fn judge_head<'r>(
        &self,
        head: Head<'r>,
        path: impl Iterator<Item = (&'r str, &'r str)>,
    ) -> Result<(), Refusal> {
        if let Some(group) = &self.path {
            let entry = |(name, text): (&'r str, &'r str)| {
                let text = percent_decode_str(text).decode_utf8();
                text.map(|text| Entry::text(name, text)).map_err(|_| not_utf8(Place::Path, name))
            };
            group.judge(&path.map(entry).collect::<Result<Vec<_>, _>>()?)?;
        }
        if let Some(group) = &self.query {
            let text = head.query.unwrap_or_default();
            group.judge(&entry::urlencoded(Place::Query, text.as_bytes())?)?;
        }
        if let Some(group) = &self.headers {
            group.judge(&header_entries(group, head.headers)?)?;
        }
        if let Some(group) = &self.cookies {
            let lines = head.headers.get_all(COOKIE).iter();
            let lines = lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok());
            group.judge(&lines.flat_map(entry::cookies).collect::<Vec<_>>())?;
        }
        // A type that is not listed is refused before its body is read.
        match &self.bodies {
            Bodies::Checked(body) if head.headers.contains_key(CONTENT_TYPE) => {
                body.content(head.headers).map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Whether the whole body is wanted for [`Operation::judge_body`].
    #[must_use]
    pub fn wants_body(&self, headers: &HeaderMap) -> bool {
        match &self.bodies {
            Bodies::Unmentioned => false,
            Bodies::None => true,
            Bodies::Checked(body) => !body
                .content(headers)
                .is_ok_and(|(content, _)| matches!(content.reading, Reading::Unseen)),
        }
    }

    /// Checks a whole body; an empty one is none.
    ///
    /// # Errors
    /// [`Refusal`] with what is wrong.
    pub fn judge_body(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Refusal> {
        match &self.bodies {
            Bodies::Unmentioned => Ok(()),
            Bodies::None if body.is_empty() => Ok(()),
            Bodies::None => Err(body::refuse_media("is not described")),
            Bodies::Checked(checked) => checked.judge(method, headers, body),
        }
    }

    /// What the parameters of a request that has passed are known to be; `None` for nothing.
    #[must_use]
    pub const fn typed_head(&self) -> Option<&Arc<TypedHead>> {
        self.typed.as_ref()
    }

    /// What the body of a request that has passed is known to be, and whether it is JSON (else a
    /// form); `None` for nothing.
    #[must_use]
    pub fn typed_body(&self, headers: &HeaderMap) -> Option<(bool, &Arc<Typed>)> {
        let Bodies::Checked(body) = &self.bodies else { return None };
        let (content, _) = body.content(headers).ok()?;
        let is_json = matches!(content.reading, Reading::Json(_));
        content.typed.as_ref().map(|typed| (is_json, typed))
    }
}

fn header_entries<'r>(group: &'r Group, headers: &'r HeaderMap) -> Result<Vec<Entry<'r>>, Refusal> {
    let mut entries = Vec::new();
    for parameter in &group.parameters {
        for value in headers.get_all(parameter.name.as_str()) {
            let text = std::str::from_utf8(value.as_bytes());
            let text = text.map_err(|_| not_utf8(Place::Header, &parameter.name))?;
            entries.push(Entry::text(parameter.name.as_str(), text));
        }
    }
    Ok(entries)
}

fn not_utf8(place: Place, name: &str) -> Refusal {
    let fault = Fault::new(place, crate::pointer::child("", name), "encoding", "is not UTF-8");
    Refusal::new(RefusalKind::Malformed, fault)
}
