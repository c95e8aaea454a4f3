//! Which readings of a body an application could make.

use std::borrow::Cow;
use std::fmt;

use serde::de::IgnoredAny;

use super::charset;
use super::hit::Spot;
use super::inspection::Inspection;
use crate::detect::Place;

/// How much of a body shows whether it is text.
const SAMPLE: usize = 1_024;

/// A body that two readers could understand differently. The text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}

/// The readings of one body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Readings {
    pub(super) json: bool,
    pub(super) xml: bool,
    pub(super) form: bool,
    pub(super) text: bool,
}

impl Readings {
    /// What the declared type and the bytes themselves allow.
    pub(super) fn of(kind: &[u8], body: &[u8]) -> Self {
        let says = |name: &[u8]| memchr::memmem::find(kind, name).is_some();
        let first = body.iter().copied().find(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
        if says(b"json") {
            // What is declared as JSON and cannot be is read as text, if at all.
            let can_be =
                matches!(first, b'{' | b'[' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n');
            return Self { json: true, text: !can_be && is_text(body), ..Self::default() };
        }
        let is_text = is_text(body);
        let looks_like_json = matches!(first, b'{' | b'[' | b'"') && is_text;
        let is_form = says(b"urlencoded");
        let xml = says(b"xml") || first == b'<' && is_text;
        // A form that nobody declared: names and values, and nothing a form would have escaped.
        let could_be_form = is_text
            && !looks_like_json
            && !xml
            && body.contains(&b'=')
            && !body.iter().any(|byte| byte.is_ascii_whitespace());
        let is_whole_json = looks_like_json && serde_json::from_slice::<IgnoredAny>(body).is_ok();
        Self {
            json: looks_like_json,
            xml,
            form: is_form || could_be_form,
            text: is_text && !is_whole_json && !xml && !is_form,
        }
    }
}

impl Inspection<'_> {
    /// Looks at a body that was declared as `content_type` (empty for nothing), coding already
    /// taken off, in every reading that an application could make of it.
    ///
    /// # Errors
    /// [`Unreadable`] when two readers could understand a form of several parts differently, and when
    /// a charset is named that hides every letter.
    pub fn body(&mut self, content_type: &[u8], body: &[u8]) -> Result<(), Unreadable> {
        if charset::is_foreign(content_type) {
            return Err(Unreadable("a charset that spells no letter as ASCII does".to_owned()));
        }
        let trimmed = content_type.trim_ascii_start();
        // Some readers let the type end at a comma or a space too.
        let kind = trimmed.split(|byte| matches!(byte, b';' | b',' | b' ' | b'\t')).next();
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        if kind == b"multipart/form-data" {
            return self.multipart(content_type, body);
        }
        if kind.starts_with(b"multipart/") {
            self.lenient_multipart(content_type, body);
        }
        let text = charset::narrowed(content_type, body);
        self.readings(&kind, &text);
        if matches!(text, Cow::Owned(_)) {
            // Many readers take every body for UTF-8, whatever it says it is.
            self.readings(&kind, body);
        }
        Ok(())
    }

    fn readings(&mut self, kind: &[u8], text: &[u8]) {
        let readings = Readings::of(kind, text);
        if kind == b"application/graphql" {
            self.literals(text, b"");
        }
        if readings.json {
            self.json(text, b"", "json");
        }
        if readings.xml {
            self.xml(text);
        }
        if readings.form {
            self.pairs(text, Place::BodyField, "form");
        }
        if readings.text {
            self.value(&Spot { place: Place::BodyField, part: "body", name: b"" }, text);
        }
    }

    /// Looks at one text message of a WebSocket: JSON, or text as it is.
    pub fn message(&mut self, text: &str) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.text(text.as_bytes(), "message", b"");
    }

    /// Looks at a text that nothing is declared about.
    pub(super) fn text(&mut self, text: &[u8], part: &'static str, name: &[u8]) {
        let readings = Readings::of(b"", text);
        if readings.json {
            self.json(text, name, part);
        }
        if readings.xml {
            self.xml(text);
        }
        if readings.text {
            self.value(&Spot { place: Place::BodyField, part, name }, text);
        }
    }
}

/// Whether `body` reads as text: no control characters but those of texts in its beginning.
fn is_text(body: &[u8]) -> bool {
    // DEL is none of them: it may stand in JSON as it is.
    let is_control = |byte: &&u8| matches!(**byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f);
    let sample = body.get(..SAMPLE).unwrap_or(body);
    // A stray one hides nothing: binary formats have many.
    sample.iter().filter(is_control).count() * 32 <= sample.len()
}
