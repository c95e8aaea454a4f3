//! Forms of several parts.

use std::borrow::Cow;

use super::body::Unreadable;
use super::charset;
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
            if header(part, b"content-type").is_some_and(charset::is_foreign) {
                return Err(Unreadable("a charset that spells no letter as ASCII does".to_owned()));
            }
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
            let spot = Spot { place: Place::BodyField, part: "form", name };
            self.parameter(&spot, &part.value);
            if let Some(decoded) = decoded(part) {
                self.parameter(&spot, &decoded);
            }
        } else if self.reads_files {
            self.text(&part.value, "file", name);
        } else if part.may_be_field() {
            self.text(&part.value, "form", name);
        }
    }
}

/// The value of a part in the charset and transfer encoding that it names, as some readers take it;
/// `None` where that changes nothing.
fn decoded(part: &multipart::Part) -> Option<Vec<u8>> {
    let encoding = header(part, b"content-transfer-encoding").unwrap_or_default();
    let plain = if encoding.trim_ascii().eq_ignore_ascii_case(b"quoted-printable") {
        Cow::Owned(unquoted(&part.value))
    } else {
        Cow::Borrowed(part.value.as_slice())
    };
    let kind = header(part, b"content-type").unwrap_or_default();
    let narrowed = charset::narrowed(kind, &plain).into_owned();
    (narrowed != part.value).then_some(narrowed)
}

/// The header field `name` of a part, without the blanks around it; `None` when it has none.
fn header<'a>(part: &'a multipart::Part, name: &[u8]) -> Option<&'a [u8]> {
    part.headers.iter().find_map(|line| {
        let colon = memchr::memchr(b':', line)?;
        let (key, value) = line.split_at_checked(colon)?;
        key.trim_ascii().eq_ignore_ascii_case(name).then(|| value.get(1..).unwrap_or_default())
    })
}

/// `=27` and soft line breaks of quoted-printable (RFC 2045 section 6.7) taken off.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'=', [b'\r', b'\n', next @ ..] | [b'\n', next @ ..]) => rest = next,
            (b'=', [high, low, next @ ..]) => match digit(*high).zip(digit(*low)) {
                Some((high, low)) => {
                    out.push(high << 4 | low);
                    rest = next;
                }
                None => out.push(*first),
            },
            _ => out.push(*first),
        }
    }
    out
}

/// What browsers send for a form without fields: the last delimiter alone.
fn is_empty_form(body: &[u8]) -> bool {
    let line = body.trim_ascii();
    line.starts_with(b"--") && line.ends_with(b"--") && !line.contains(&b'\n')
}
