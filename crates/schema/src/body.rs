//! Bodies: which types an operation takes, and what each is checked against.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Method};
use serde_json::Value;

use crate::entry;
use crate::fault::{Fault, Place};
use crate::group::Group;
use crate::json::{self, JsonFault, Limits};
use crate::media::{self, MediaType};
use crate::multipart;
use crate::refusal::{Refusal, RefusalKind};
use crate::rule::Rule;
use crate::typed::Typed;

/// The bodies of one operation.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) contents: Vec<Content>,
    pub(crate) required: Required,
    pub(crate) limits: Limits,
}

/// Whether there has to be a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Required {
    Yes,
    No,
    /// With the methods that are about their body.
    ByMethod,
}

/// What bodies of one media type are checked against.
#[derive(Debug)]
pub(crate) struct Content {
    /// The type, or a range of types.
    pub(crate) range: String,
    pub(crate) reading: Reading,
    pub(crate) typed: Option<Arc<Typed>>,
}

/// How a body is read.
#[derive(Debug)]
pub(crate) enum Reading {
    Json(Rule),
    Form(Group),
    /// With the media types that files of a field may have, where they are said.
    Multipart(Group, BTreeMap<String, Vec<String>>),
    /// One text.
    Text(Rule),
    /// Not looked at.
    Unseen,
}

impl Content {
    pub(crate) fn new(range: impl Into<String>, reading: Reading) -> Self {
        let typed = match &reading {
            Reading::Json(rule) => Some(rule.typed()),
            Reading::Form(group) => Some(group.rule.typed()),
            Reading::Multipart(..) | Reading::Text(_) | Reading::Unseen => None,
        };
        let typed = typed.filter(|typed| !typed.is_empty()).cloned().map(Arc::new);
        Self { range: range.into(), reading, typed }
    }

    /// Whether bodies of this type can be read as this says.
    fn is_for(&self, media: &MediaType) -> bool {
        match self.reading {
            Reading::Json(_) => media.is_json(),
            _ => true,
        }
    }
}

impl Body {
    /// What the body of a request with these headers is checked against.
    ///
    /// # Errors
    /// [`Refusal`] where the document does not list its type.
    pub(crate) fn content(&self, headers: &HeaderMap) -> Result<(&Content, MediaType), Refusal> {
        let mut values = headers.get_all(CONTENT_TYPE).iter();
        let media = match (values.next(), values.next()) {
            (Some(value), None) => MediaType::parse(value.as_bytes()),
            _ => None,
        };
        let media = media.ok_or_else(|| refuse_media("needs one Content-Type"))?;
        let listed = self.contents.iter().filter(|content| content.is_for(&media));
        let closest = listed
            .map(|content| (media::closeness(&content.range, &media.essence), content))
            .filter(|(closeness, _)| *closeness > 0)
            .max_by_key(|(closeness, _)| *closeness);
        let (_, content) =
            closest.ok_or_else(|| refuse_media("is of a type that is not listed"))?;
        if !media.is_utf8 && !matches!(content.reading, Reading::Unseen) {
            return Err(refuse_media("must be UTF-8"));
        }
        Ok((content, media))
    }

    /// Checks a whole body.
    pub(crate) fn judge(
        &self,
        method: &Method,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Refusal> {
        if body.is_empty() {
            let by_method = [Method::POST, Method::PUT, Method::PATCH].contains(method);
            let is_asked = match self.required {
                Required::Yes => true,
                Required::No => false,
                Required::ByMethod => by_method,
            };
            let fault = || Fault::new(Place::Body, "", "required", "is required");
            return if is_asked {
                Err(Refusal::new(RefusalKind::Invalid, fault()))
            } else {
                Ok(())
            };
        }
        // What is compressed is read by the application and not by us.
        let is_plain =
            |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
        if !headers.get_all(CONTENT_ENCODING).iter().all(is_plain) {
            return Err(refuse_media("must not be compressed"));
        }
        let (content, media) = self.content(headers)?;
        match &content.reading {
            Reading::Json(rule) => {
                let value = json::read(body, self.limits).map_err(unreadable)?;
                rule.judge(Place::Body, &value).map_err(Refusal::from)
            }
            Reading::Form(group) => group.judge(&entry::urlencoded(Place::Body, body)?),
            Reading::Multipart(group, types) => multipart(group, types, &media, body),
            Reading::Text(rule) => {
                let text = std::str::from_utf8(body);
                let text =
                    text.map_err(|error| unreadable(JsonFault::NotUtf8(error.valid_up_to())))?;
                rule.judge(Place::Body, &Value::String(text.to_owned())).map_err(Refusal::from)
            }
            Reading::Unseen => Ok(()),
        }
    }
}

fn multipart(
    group: &Group,
    types: &BTreeMap<String, Vec<String>>,
    media: &MediaType,
    body: &[u8],
) -> Result<(), Refusal> {
    let malformed = |message: &str| {
        let fault = Fault::new(Place::Body, "", "multipart", message);
        Refusal::new(RefusalKind::Malformed, fault)
    };
    let parts = multipart::read(media, body).map_err(malformed)?;
    for part in parts.iter().filter(|part| part.is_file) {
        let Some(listed) = types.get(part.name) else { continue };
        let essence = part.essence.as_deref().unwrap_or("application/octet-stream");
        if listed.iter().all(|range| media::closeness(range, essence) == 0) {
            let pointer = crate::pointer::child("", part.name);
            let fault =
                Fault::new(Place::Body, pointer, "contentType", "is a file of another type");
            return Err(Refusal::new(RefusalKind::Invalid, fault));
        }
    }
    let entries =
        multipart::entries(&parts).ok_or_else(|| malformed("has a field that is not UTF-8"))?;
    group.judge(&entries)
}

fn unreadable(fault: JsonFault) -> Refusal {
    let kind = if fault.is_limit() { RefusalKind::TooComplex } else { RefusalKind::Malformed };
    let (keyword, message) = (fault.keyword(), fault.to_string());
    let pointer = match fault {
        JsonFault::Duplicate(pointer) => pointer,
        _ => String::new(),
    };
    // Names in the pointer are the client's own.
    let pointer: String = pointer.chars().take(256).collect();
    Refusal::new(kind, Fault::new(Place::Body, pointer, keyword, message))
}

pub(crate) fn refuse_media(message: &str) -> Refusal {
    let fault = Fault::new(Place::Body, "", "mediaType", message);
    Refusal::new(RefusalKind::MediaType, fault)
}
