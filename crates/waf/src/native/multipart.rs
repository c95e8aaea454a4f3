//! Forms of several parts.

use super::body::Unreadable;
use super::hit::Spot;
use super::inspection::Inspection;
use crate::body::{BodyLimits, multipart};
use crate::detect::Place;

/// How much of a form is read.
const LIMITS: BodyLimits = BodyLimits { depth: 1, values: 10_000, files: 1_000 };

impl Inspection<'_> {
    /// Looks at the fields of a form and at the names of its files.
    ///
    /// # Errors
    /// [`Unreadable`] when two readers could see different parts.
    pub(super) fn multipart(&mut self, content_type: &[u8], body: &[u8]) -> Result<(), Unreadable> {
        let parsed = multipart::read(content_type, body, LIMITS);
        for part in &parsed.parts {
            self.field(part);
            if self.is_over() {
                return Ok(());
            }
        }
        if parsed.flags.file_limit_exceeded {
            self.exhaust("files of a form");
        }
        match parsed.error {
            Some(error) if !is_empty_form(body) => Err(Unreadable(error)),
            _ => Ok(()),
        }
    }

    /// Looks at a body of several parts that is no form by its type, for readers that take it for one.
    pub(super) fn lenient_multipart(&mut self, content_type: &[u8], body: &[u8]) {
        let parsed = multipart::read(content_type, body, LIMITS);
        parsed.parts.iter().for_each(|part| self.field(part));
        if parsed.flags.file_limit_exceeded || parsed.parts.len() >= LIMITS.values {
            self.exhaust("parts of a body");
        }
    }

    fn field(&mut self, part: &multipart::Part) {
        let name = part.name.as_slice();
        self.value(&Spot { place: Place::Name, part: "form", name }, name);
        let files = part.file.iter().chain(&part.extended_file);
        for file in files {
            self.value(&Spot { place: Place::FileName, part: "file-name", name }, file);
        }
        if part.is_field() {
            self.parameter(&Spot { place: Place::BodyField, part: "form", name }, &part.value);
        } else if self.reads_files {
            self.text(&part.value, "file", name);
        } else if part.may_be_field() {
            self.text(&part.value, "form", name);
        }
    }
}

/// What browsers send for a form without fields: the last delimiter alone.
fn is_empty_form(body: &[u8]) -> bool {
    let line = body.trim_ascii();
    line.starts_with(b"--") && line.ends_with(b"--") && !line.contains(&b'\n')
}
