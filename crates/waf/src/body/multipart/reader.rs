//! Reads a body line by line as it comes. Of files nothing is kept but their size, of a line no more
//! than tells whether it is a delimiter. What is broken is said, and reading goes on: a reader that is
//! less strict would go on too.

use super::boundary::{BOUNDARY_LIMIT, boundary};
use super::{Flags, Parsed, Part};
use crate::body::BodyLimits;

/// Most header bytes of one part.
const HEADERS_LIMIT_BYTES: usize = 16 << 10;

/// From this length on a line without an end is known to be no delimiter, or a broken one.
const DELIMITER_LIMIT_BYTES: usize = BOUNDARY_LIMIT + 8;

/// What comes next. A part is moved with every line of it.
#[derive(Debug, Default)]
enum Expected {
    /// The first delimiter.
    #[default]
    First,
    /// Header lines of a part, and how many bytes of them came.
    Header(Box<Part>, usize),
    /// The content of a part.
    Content(Box<Part>),
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
    /// The boundary, and more on the same line: a delimiter for some readers.
    Longer,
    /// Two dashes and something else.
    Similar,
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
                self.one_line(line);
            } else {
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.one_line(&line);
                self.line = line;
                self.line.clear();
            }
        }
    }

    /// The body is over.
    pub(crate) fn finish(mut self) -> Parsed {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.one_line(&line);
        }
        match std::mem::take(&mut self.expected) {
            Expected::First => self.broken("No boundaries found in payload."),
            Expected::Header(mut part, _) => {
                self.broken("Part header lines missing.");
                if !part.headers.is_empty() {
                    self.head_done(&mut part);
                    self.part(*part, Expected::Nothing);
                }
            }
            Expected::Content(mut part) => {
                self.broken("Final boundary missing.");
                part.is_broken = true;
                self.part(*part, Expected::Nothing);
            }
            Expected::Epilogue | Expected::Nothing => {}
        }
        self.parsed
    }

    /// Something is broken: the first such thing is said.
    fn broken(&mut self, error: &str) {
        self.parsed.error.get_or_insert_with(|| format!("Multipart: {error}"));
    }

    /// It cannot be read any further.
    fn fail(&mut self, error: &str) {
        self.broken(error);
        self.expected = Expected::Nothing;
        self.line = Vec::new();
    }

    fn one_line(&mut self, line: &[u8]) {
        let kind = self.kind(line);
        self.expected = match std::mem::take(&mut self.expected) {
            Expected::First => self.first(line, kind),
            // The rest of a line that began like a delimiter is no header.
            Expected::Header(part, size) if self.is_inside => Expected::Header(part, size),
            Expected::Header(part, size) => self.header(part, size, line),
            Expected::Content(part) => self.content(part, line, kind),
            Expected::Epilogue => {
                self.parsed.flags.data_after = true;
                match kind {
                    Line::Delimiter => {
                        self.broken("Part after the final boundary.");
                        Expected::Header(broken_part(), 0)
                    }
                    _ => Expected::Epilogue,
                }
            }
            Expected::Nothing => Expected::Nothing,
        };
        self.is_inside &= !line.ends_with(b"\n");
    }

    fn first(&mut self, line: &[u8], kind: Line) -> Expected {
        self.note(line, kind);
        match kind {
            Line::Delimiter => Expected::Header(Box::default(), 0),
            Line::Longer => Expected::Header(broken_part(), 0),
            Line::Last => {
                self.broken("Final boundary before any part.");
                Expected::Epilogue
            }
            Line::Similar | Line::Other => {
                self.parsed.flags.data_before = true;
                Expected::First
            }
        }
    }

    fn header(&mut self, mut part: Box<Part>, size: usize, line: &[u8]) -> Expected {
        let size = size + line.len();
        let (text, _) = without_end(line);
        if size > HEADERS_LIMIT_BYTES {
            let part = self.head_too_long(part);
            return self.content(part, line, self.kind(line));
        }
        self.parsed.flags.note_line_end(line);
        self.held += line.len();
        if !text.is_empty() {
            if let Err(error) = part.header_line(text, &mut self.parsed.flags) {
                self.broken(&error);
                part.is_broken = true;
            }
            return Expected::Header(part, size);
        }
        self.head_done(&mut part);
        Expected::Content(part)
    }

    /// Reads the header lines of a part, whose content comes next.
    fn head_done(&mut self, part: &mut Part) {
        if let Err(error) = part.read_headers(&mut self.parsed.flags) {
            self.broken(&error);
            part.is_broken = true;
        }
        self.line_end = b"";
    }

    /// A head over its limit: what follows is content, whatever it is.
    fn head_too_long(&mut self, mut part: Box<Part>) -> Box<Part> {
        self.broken("Part header lines over limit.");
        self.head_done(&mut part);
        part.is_broken = true;
        part
    }

    fn content(&mut self, mut part: Box<Part>, line: &[u8], kind: Line) -> Expected {
        self.note(line, kind);
        if kind == Line::Longer {
            part.is_broken = true;
        }
        match kind {
            Line::Longer | Line::Similar | Line::Other => {
                let (text, end) = without_end(line);
                self.add(&mut part, text, end);
                Expected::Content(part)
            }
            Line::Delimiter => self.part(*part, Expected::Header(Box::default(), 0)),
            Line::Last => self.part(*part, Expected::Epilogue),
        }
    }

    /// Adds a piece of content; its line end waits for what comes.
    fn add(&mut self, part: &mut Part, text: &[u8], end: &'static [u8]) {
        part.size += self.line_end.len() + text.len();
        if part.may_be_field() || self.keeps_files {
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
        if self.is_inside && matches!(self.expected, Expected::Header(..)) {
            self.line.clear();
            return;
        }
        if let Expected::Header(_, size) = &self.expected
            && size + self.line.len() <= HEADERS_LIMIT_BYTES
        {
            return;
        }
        self.expected = match std::mem::take(&mut self.expected) {
            Expected::Header(part, _) => Expected::Content(self.head_too_long(part)),
            other => other,
        };
        // A carriage return may belong to the line's end.
        let returns = self.line.ends_with(b"\r");
        if returns {
            self.line.pop();
        }
        let line = std::mem::take(&mut self.line);
        self.one_line(&line);
        self.is_inside = true;
        self.line = line;
        self.line.clear();
        if returns {
            self.line.push(b'\r');
        }
    }

    /// What a line is.
    fn kind(&self, line: &[u8]) -> Line {
        let Some(rest) = line.strip_prefix(b"--").filter(|_| !self.is_inside) else {
            return Line::Other;
        };
        match rest.strip_prefix(self.boundary.as_slice()) {
            None => Line::Similar,
            Some(b"\r\n" | b"\n") => Line::Delimiter,
            Some(b"--\r\n" | b"--\n" | b"--") => Line::Last,
            // A longer boundary cannot be declared, so it begins with this one by accident.
            Some(_) if self.boundary.len() == BOUNDARY_LIMIT => Line::Other,
            Some(_) => Line::Longer,
        }
    }

    /// Notes what is unusual about a line outside a head.
    fn note(&mut self, line: &[u8], kind: Line) {
        match kind {
            Line::Delimiter | Line::Last => self.parsed.flags.note_line_end(line),
            Line::Longer => self.broken("Invalid boundary (trailing characters)."),
            Line::Similar => self.parsed.flags.unmatched_boundary = true,
            Line::Other => {}
        }
    }

    /// Takes a part that is over; `next` comes then, unless there are too many parts.
    fn part(&mut self, part: Part, next: Expected) -> Expected {
        if part.file.is_some() {
            self.files += 1;
            if self.files > self.limits.files {
                self.parsed.flags.file_limit_exceeded = true;
                return next;
            }
        }
        if self.parsed.parts.len() >= self.limits.values.saturating_add(self.limits.files) {
            self.broken("too many parts.");
            return Expected::Nothing;
        }
        self.parsed.parts.push(part);
        next
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

/// A part for some readers alone.
fn broken_part() -> Box<Part> {
    Box::new(Part { is_broken: true, ..Part::default() })
}

/// A line and its end.
fn without_end(line: &[u8]) -> (&[u8], &'static [u8]) {
    match line {
        [text @ .., b'\r', b'\n'] => (text, b"\r\n"),
        [text @ .., b'\n'] => (text, b"\n"),
        text => (text, b""),
    }
}
