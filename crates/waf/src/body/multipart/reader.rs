//! Reads a body line by line as it comes. Of files nothing is kept but their size, of a line no more
//! than tells whether it is a delimiter.

use super::boundary::{BOUNDARY_LIMIT, boundary};
use super::{Flags, Parsed, Part};
use crate::body::BodyLimits;

/// Most header bytes of one part.
const HEADERS_LIMIT_BYTES: usize = 16 << 10;

/// From this length on a line without an end is known to be no delimiter, or a broken one.
const DELIMITER_LIMIT_BYTES: usize = BOUNDARY_LIMIT + 8;

/// What comes next.
#[derive(Debug, Default)]
enum Expected {
    /// The first delimiter.
    #[default]
    First,
    /// Header lines of a part, and how many bytes of them came.
    Header(Part, usize),
    /// The content of a part.
    Content(Part),
    /// What follows the last delimiter.
    Epilogue,
    /// Nothing: the body cannot be read.
    Nothing,
}

/// What a line is with respect to the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Delimiter,
    Last,
    Other,
}

/// A body that comes in chunks.
#[derive(Debug)]
pub(crate) struct Reader {
    boundary: Vec<u8>,
    limits: BodyLimits,
    expected: Expected,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The beginning of the line was content and is gone.
    is_inside: bool,
    /// The line end before the next line: it belongs to the delimiter when one follows.
    line_end: &'static [u8],
    /// Bytes of fields and headers so far.
    held: usize,
    files: usize,
    keeps_files: bool,
    parsed: Parsed,
}

impl Reader {
    /// A reader for a body of this `Content-Type`.
    pub(crate) fn new(content_type: &[u8], limits: BodyLimits) -> Self {
        let mut parsed = Parsed::default();
        let boundary = boundary(content_type, &mut parsed.flags);
        let mut reader = Self {
            boundary: Vec::new(),
            limits,
            expected: Expected::First,
            line: Vec::new(),
            is_inside: false,
            line_end: b"",
            held: 0,
            files: 0,
            keeps_files: false,
            parsed,
        };
        match boundary {
            Ok(boundary) => reader.boundary = boundary,
            Err(error) => reader.fail(&error),
        }
        reader
    }

    /// The same reader, which keeps the content of files too.
    pub(crate) const fn keeping_files(mut self) -> Self {
        self.keeps_files = true;
        self
    }

    /// Bytes that are held: everything but the content of files.
    pub(crate) const fn held_bytes(&self) -> usize {
        self.held + self.line.len()
    }

    /// Takes a chunk in.
    pub(crate) fn feed(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while !rest.is_empty() && !matches!(self.expected, Expected::Nothing) {
            let Some(end) = memchr::memchr(b'\n', rest) else {
                self.line.extend_from_slice(rest);
                self.pass_long_line();
                return;
            };
            let (line, after) = rest.split_at(end + 1);
            rest = after;
            if self.line.is_empty() {
                self.take(line);
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.take(&line);
                self.line = line;
                self.line.clear();
            }
        }
    }

    /// The body is over.
    pub(crate) fn finish(mut self) -> Parsed {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.take(&line);
        }
        match self.expected {
            Expected::First => self.fail("No boundaries found in payload."),
            Expected::Header(..) => self.fail("Part header lines missing."),
            Expected::Content(_) => self.fail("Final boundary missing."),
            Expected::Epilogue | Expected::Nothing => {}
        }
        self.parsed
    }

    fn fail(&mut self, error: &str) {
        self.expected = Expected::Nothing;
        self.line = Vec::new();
        self.parsed.error.get_or_insert_with(|| format!("Multipart: {error}"));
    }

    fn take(&mut self, line: &[u8]) {
        if let Err(error) = self.one_line(line) {
            self.fail(&error);
        }
    }

    fn one_line(&mut self, line: &[u8]) -> Result<(), String> {
        match std::mem::take(&mut self.expected) {
            Expected::First => match self.classify(line)? {
                Line::Delimiter => self.expected = Expected::Header(Part::default(), 0),
                Line::Last => return Err("Final boundary before any part.".to_owned()),
                Line::Other => self.parsed.flags.data_before = true,
            },
            Expected::Header(part, size) => self.header(part, size, line)?,
            Expected::Content(part) => self.content(part, line)?,
            Expected::Epilogue => {
                self.parsed.flags.data_after = true;
                self.expected = Expected::Epilogue;
            }
            Expected::Nothing => self.expected = Expected::Nothing,
        }
        self.is_inside &= !line.ends_with(b"\n");
        Ok(())
    }

    fn header(&mut self, mut part: Part, size: usize, line: &[u8]) -> Result<(), String> {
        self.parsed.flags.note_line_end(line);
        let size = size + line.len();
        if size > HEADERS_LIMIT_BYTES {
            return Err("Part header lines over limit.".to_owned());
        }
        self.held += line.len();
        let (text, _) = without_end(line);
        if !text.is_empty() {
            part.header_line(text, &mut self.parsed.flags)?;
            self.expected = Expected::Header(part, size);
            return Ok(());
        }
        let result = part.read_headers(&mut self.parsed.flags);
        if result.is_err() {
            self.parsed.parts.push(part);
            return result;
        }
        self.line_end = b"";
        self.expected = Expected::Content(part);
        Ok(())
    }

    fn content(&mut self, mut part: Part, line: &[u8]) -> Result<(), String> {
        match self.classify(line)? {
            Line::Other => {
                let (text, end) = without_end(line);
                self.add(&mut part, text, end);
                self.expected = Expected::Content(part);
            }
            kind => {
                self.part(part)?;
                self.expected = if kind == Line::Last {
                    Expected::Epilogue
                } else {
                    Expected::Header(Part::default(), 0)
                };
            }
        }
        Ok(())
    }

    /// Adds a piece of content; its line end waits for what comes.
    fn add(&mut self, part: &mut Part, text: &[u8], end: &'static [u8]) {
        part.size += self.line_end.len() + text.len();
        if part.file.is_none() || self.keeps_files {
            part.value.extend_from_slice(self.line_end);
            part.value.extend_from_slice(text);
            self.held += self.line_end.len() + text.len();
        }
        self.line_end = end;
    }

    /// What is too long for a delimiter is passed on without waiting for the line's end.
    fn pass_long_line(&mut self) {
        if self.line.len() <= DELIMITER_LIMIT_BYTES {
            return;
        }
        match &self.expected {
            Expected::Header(_, size) => {
                if size + self.line.len() > HEADERS_LIMIT_BYTES {
                    self.fail("Part header lines over limit.");
                }
            }
            _ => {
                // A carriage return may belong to the line's end.
                let returns = self.line.ends_with(b"\r");
                if returns {
                    self.line.pop();
                }
                let line = std::mem::take(&mut self.line);
                self.take(&line);
                self.is_inside = true;
                self.line = line;
                self.line.clear();
                if returns {
                    self.line.push(b'\r');
                }
            }
        }
    }

    /// What a line is; lines that look like the boundary and are not it are noted.
    fn classify(&mut self, line: &[u8]) -> Result<Line, String> {
        let Some(rest) = line.strip_prefix(b"--").filter(|_| !self.is_inside) else {
            return Ok(Line::Other);
        };
        let Some(after) = rest.strip_prefix(self.boundary.as_slice()) else {
            self.parsed.flags.unmatched_boundary = true;
            return Ok(Line::Other);
        };
        self.parsed.flags.note_line_end(line);
        match after {
            b"\r\n" | b"\n" => Ok(Line::Delimiter),
            b"--\r\n" | b"--\n" | b"--" => Ok(Line::Last),
            _ if self.boundary.len() == BOUNDARY_LIMIT => Ok(Line::Other),
            _ => Err("Invalid boundary (trailing characters).".to_owned()),
        }
    }

    fn part(&mut self, part: Part) -> Result<(), String> {
        if part.file.is_some() {
            self.files += 1;
            if self.files > self.limits.files {
                self.parsed.flags.file_limit_exceeded = true;
                return Ok(());
            }
        }
        if self.parsed.parts.len() >= self.limits.values.saturating_add(self.limits.files) {
            return Err("too many parts.".to_owned());
        }
        self.parsed.parts.push(part);
        Ok(())
    }
}

impl Flags {
    const fn note_line_end(&mut self, line: &[u8]) {
        match line {
            [.., b'\r', b'\n'] => self.crlf_line = true,
            [.., b'\n'] => self.lf_line = true,
            _ => {}
        }
    }
}

/// A line and its end.
fn without_end(line: &[u8]) -> (&[u8], &'static [u8]) {
    match line {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}
