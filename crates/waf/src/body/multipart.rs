//! `multipart/form-data`, strictly: every way in which two readers could see different parts is an
//! error or a flag.

use super::BodyLimits;

/// Longest boundary, RFC 2046 section 5.1.1.
const BOUNDARY_LIMIT: usize = 70;

/// Most header bytes of one part.
const HEADERS_LIMIT_BYTES: usize = 16 << 10;

/// What is unusual about a body.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flags {
    pub(crate) boundary_quoted: bool,
    pub(crate) boundary_whitespace: bool,
    pub(crate) data_before: bool,
    pub(crate) data_after: bool,
    pub(crate) header_folding: bool,
    pub(crate) invalid_header_folding: bool,
    pub(crate) lf_line: bool,
    pub(crate) crlf_line: bool,
    pub(crate) missing_semicolon: bool,
    pub(crate) invalid_quoting: bool,
    pub(crate) invalid_part: bool,
    pub(crate) file_limit_exceeded: bool,
    pub(crate) unmatched_boundary: bool,
}

/// One part.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: Vec<u8>,
    /// The file name. `None`: the part is a field.
    pub(crate) file: Option<Vec<u8>>,
    /// What `filename*` says beside `filename` (RFC 7578 forbids it, many clients send it).
    pub(crate) extended_file: Option<Vec<u8>>,
    /// Header lines, folded ones joined.
    pub(crate) headers: Vec<Vec<u8>>,
    pub(crate) value: &'a [u8],
    pub(crate) size: usize,
}

/// A body taken apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Parsed<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    pub(crate) flags: Flags,
    /// What makes it unreadable. Parts before that stay.
    pub(crate) error: Option<String>,
}

/// Takes a body apart.
pub(crate) fn read<'a>(content_type: &[u8], body: &'a [u8], limits: BodyLimits) -> Parsed<'a> {
    let mut parsed = Parsed::default();
    let result = boundary(content_type, &mut parsed.flags).and_then(|boundary| {
        let mut parser = Parser { body, position: 0, boundary, limits, parsed: &mut parsed };
        parser.run()
    });
    parsed.error = result.err().map(|error| format!("Multipart: {error}"));
    parsed
}

/// The boundary of a `Content-Type`.
fn boundary(content_type: &[u8], flags: &mut Flags) -> Result<Vec<u8>, String> {
    let lower = content_type.to_ascii_lowercase();
    // The word alone may stand in the boundary itself; a parameter has an equals sign after it.
    let is_parameter = |place: &usize| {
        let after = lower.get(place + b"boundary".len()..).unwrap_or_default();
        after.trim_ascii_start().starts_with(b"=")
    };
    let mut places = memchr::memmem::find_iter(&lower, b"boundary").filter(is_parameter);
    let place = places.next().ok_or("Boundary not found in C-T.")?;
    if places.next().is_some() {
        return Err("Multiple boundary parameters in C-T.".to_owned());
    }
    let before = lower.get(..place).unwrap_or_default();
    if !before.trim_ascii_end().ends_with(b";") {
        return Err("Invalid boundary in C-T (malformed).".to_owned());
    }
    let after = content_type.get(place + b"boundary".len()..).unwrap_or_default();
    let trimmed = after.trim_ascii_start();
    flags.boundary_whitespace = trimmed.len() != after.len();
    let value = trimmed.strip_prefix(b"=").ok_or("Invalid boundary in C-T (malformed).")?;
    let bare = value.trim_ascii_start();
    flags.boundary_whitespace |= bare.len() != value.len();
    let boundary = match bare.strip_prefix(b"\"") {
        Some(rest) => {
            flags.boundary_quoted = true;
            let end = memchr::memchr(b'"', rest).ok_or("Invalid boundary in C-T (quote).")?;
            rest.get(..end).unwrap_or_default()
        }
        None => {
            let end = bare.iter().position(|byte| matches!(byte, b';' | b',' | b' ' | b'\t'));
            flags.boundary_whitespace |=
                end.and_then(|end| bare.get(end)).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            bare.get(..end.unwrap_or(bare.len())).unwrap_or_default()
        }
    };
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(byte);
    if boundary.is_empty() || boundary.len() > BOUNDARY_LIMIT || !boundary.iter().all(valid) {
        return Err("Invalid boundary in C-T (characters).".to_owned());
    }
    Ok(boundary.to_vec())
}

/// What a line is with respect to the boundary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Delimiter,
    Last,
    Other,
}

struct Parser<'a, 'b> {
    body: &'a [u8],
    position: usize,
    boundary: Vec<u8>,
    limits: BodyLimits,
    parsed: &'b mut Parsed<'a>,
}

impl<'a> Parser<'a, '_> {
    fn run(&mut self) -> Result<(), String> {
        self.preamble()?;
        loop {
            let part = self.headers()?;
            let (start, end, last) = self.content()?;
            self.finish_part(part, start, end)?;
            if last {
                self.epilogue();
                return Ok(());
            }
        }
    }

    /// The next line without its end, and where it begins.
    fn line(&mut self) -> Option<(usize, &'a [u8])> {
        let start = self.position;
        let rest = self.body.get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        self.position += end;
        Some((start, rest.get(..end).unwrap_or_default()))
    }

    /// What a line is; lines that look like the boundary and are not it are noted.
    fn classify(&mut self, line: &[u8]) -> Result<Line, String> {
        let Some(rest) = line.strip_prefix(b"--") else { return Ok(Line::Other) };
        let Some(after) = rest.strip_prefix(self.boundary.as_slice()) else {
            self.parsed.flags.unmatched_boundary = true;
            return Ok(Line::Other);
        };
        self.note_line_end(line);
        match after {
            b"\r\n" | b"\n" => Ok(Line::Delimiter),
            b"--\r\n" | b"--\n" | b"--" => Ok(Line::Last),
            _ if self.boundary.len() == BOUNDARY_LIMIT => Ok(Line::Other),
            _ => Err("Invalid boundary (trailing characters).".to_owned()),
        }
    }

    const fn note_line_end(&mut self, line: &[u8]) {
        match line {
            [.., b'\r', b'\n'] => self.parsed.flags.crlf_line = true,
            [.., b'\n'] => self.parsed.flags.lf_line = true,
            _ => {}
        }
    }

    fn preamble(&mut self) -> Result<(), String> {
        while let Some((_, line)) = self.line() {
            match self.classify(line)? {
                Line::Delimiter => return Ok(()),
                Line::Last => return Err("Final boundary before any part.".to_owned()),
                Line::Other => self.parsed.flags.data_before = true,
            }
        }
        Err("No boundaries found in payload.".to_owned())
    }

    fn epilogue(&mut self) {
        let rest = self.body.get(self.position..).unwrap_or_default();
        self.parsed.flags.data_after = !rest.is_empty();
    }

    fn headers(&mut self) -> Result<Part<'a>, String> {
        let mut part = Part::default();
        let mut size = 0;
        loop {
            let (_, line) = self.line().ok_or("Part header lines missing.")?;
            self.note_line_end(line);
            let text = line
                .strip_suffix(b"\n")
                .map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
            size += line.len();
            if size > HEADERS_LIMIT_BYTES {
                return Err("Part header lines over limit.".to_owned());
            }
            if text.is_empty() {
                break;
            }
            if text.starts_with(b" ") || text.starts_with(b"\t") {
                self.fold(text, &mut part)?;
            } else {
                part.headers.push(text.to_vec());
            }
        }
        let problem =
            part.headers.iter().try_fold(Vec::new(), |names, line| header_name(line, names)).err();
        if problem.is_none() {
            self.disposition(&mut part)?;
        }
        if let Some(problem) = problem {
            // What was read of the part stays, so that rules may look at it.
            let _ = self.disposition(&mut part);
            self.parsed.parts.push(part);
            return Err(problem);
        }
        Ok(part)
    }

    fn fold(&mut self, text: &[u8], part: &mut Part<'_>) -> Result<(), String> {
        self.parsed.flags.header_folding = true;
        if text.iter().any(|byte| matches!(byte, 0x0b | 0x0c)) {
            self.parsed.flags.invalid_header_folding = true;
        }
        let last = part.headers.last_mut().ok_or("Invalid part header (folding error).")?;
        last.push(b' ');
        last.extend_from_slice(text.trim_ascii_start());
        Ok(())
    }

    fn disposition(&mut self, part: &mut Part<'a>) -> Result<(), String> {
        let value = part.headers.iter().find_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let (name, value) = line.split_at(colon);
            name.eq_ignore_ascii_case(b"content-disposition")
                .then(|| value.get(1..).unwrap_or_default().to_vec())
        });
        let Some(value) = value else {
            self.parsed.flags.invalid_part = true;
            return Err("Part missing Content-Disposition header.".to_owned());
        };
        let parameters = disposition(value.trim_ascii(), &mut self.parsed.flags)?;
        let mut name = None;
        for (key, value) in parameters {
            let slot = match key.as_slice() {
                b"name" => &mut name,
                b"filename" => &mut part.file,
                b"filename*" => &mut part.extended_file,
                _ => continue,
            };
            if slot.is_some() {
                return Err(format!(
                    "Duplicate Content-Disposition {}.",
                    String::from_utf8_lossy(&key)
                ));
            }
            *slot = Some(value);
        }
        if part.file.is_none() {
            part.file = part.extended_file.take();
        }
        match name {
            Some(name) => part.name = name,
            None => {
                self.parsed.flags.invalid_part = true;
                return Err("Content-Disposition header missing name field.".to_owned());
            }
        }
        Ok(())
    }

    /// The lines up to the next delimiter: start, end without its line end, and whether it was the
    /// last one.
    fn content(&mut self) -> Result<(usize, usize, bool), String> {
        let start = self.position;
        while let Some((at, line)) = self.line() {
            let kind = self.classify(line)?;
            if kind != Line::Other {
                let content = self.body.get(start..at).unwrap_or_default();
                let without = content.strip_suffix(b"\n").unwrap_or(content);
                let without = without.strip_suffix(b"\r").unwrap_or(without);
                return Ok((start, start + without.len(), kind == Line::Last));
            }
        }
        Err("Final boundary missing.".to_owned())
    }

    fn finish_part(&mut self, mut part: Part<'a>, start: usize, end: usize) -> Result<(), String> {
        part.value = self.body.get(start..end).unwrap_or_default();
        part.size = part.value.len();
        let files = self.parsed.parts.iter().filter(|part| part.file.is_some()).count();
        if part.file.is_some() && files >= self.limits.files {
            self.parsed.flags.file_limit_exceeded = true;
            return Ok(());
        }
        if self.parsed.parts.len() >= self.limits.values.saturating_add(self.limits.files) {
            return Err("too many parts.".to_owned());
        }
        self.parsed.parts.push(part);
        Ok(())
    }
}

/// Checks the name of a header line and that it is there once.
fn header_name(line: &[u8], mut names: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, String> {
    let colon = memchr::memchr(b':', line).ok_or("Invalid part header (colon missing).")?;
    let name = line.get(..colon).unwrap_or_default();
    if name.is_empty() {
        return Err("Invalid part header (header name missing).".to_owned());
    }
    if !name.iter().all(u8::is_ascii_graphic) {
        return Err("Invalid part header (contains invalid character).".to_owned());
    }
    let name = name.to_ascii_lowercase();
    if names.contains(&name) {
        return Err(format!("Duplicate part header: {}.", String::from_utf8_lossy(&name)));
    }
    names.push(name);
    Ok(names)
}

/// A key in small letters, and its value.
type Parameter = (Vec<u8>, Vec<u8>);

/// The parameters of `form-data; name="x"; filename="y"`.
fn disposition(value: &[u8], flags: &mut Flags) -> Result<Vec<Parameter>, String> {
    let kind = value.get(..9).filter(|kind| kind.eq_ignore_ascii_case(b"form-data"));
    kind.ok_or("Invalid Content-Disposition header: not form-data.")?;
    let mut rest = value.get(9..).unwrap_or_default().trim_ascii_start();
    let mut parameters = Vec::new();
    while !rest.is_empty() {
        match rest.strip_prefix(b";") {
            Some(after) => rest = after.trim_ascii_start(),
            None => flags.missing_semicolon = true,
        }
        if rest.is_empty() {
            break;
        }
        let (parameter, after) = parameter(rest, flags)?;
        parameters.push(parameter);
        rest = after.trim_ascii_start();
    }
    Ok(parameters)
}

fn parameter<'a>(text: &'a [u8], flags: &mut Flags) -> Result<(Parameter, &'a [u8]), String> {
    let malformed = || "Invalid Content-Disposition header (parameter).".to_owned();
    let equals = memchr::memchr(b'=', text).ok_or_else(malformed)?;
    let key = text.get(..equals).unwrap_or_default().trim_ascii_end().to_ascii_lowercase();
    if key.is_empty() || key.iter().any(|byte| matches!(byte, b' ' | b';' | b'"' | b'\t')) {
        return Err(malformed());
    }
    let value = text.get(equals + 1..).unwrap_or_default().trim_ascii_start();
    match value {
        [b'"', quoted @ ..] => {
            let (value, rest) =
                unquote(quoted).ok_or("Invalid Content-Disposition header (quote).")?;
            Ok(((key, value), rest))
        }
        bare => {
            if bare.starts_with(b"'") {
                flags.invalid_quoting = true;
            }
            let end = bare
                .iter()
                .position(|byte| matches!(byte, b';' | b' ' | b'\t'))
                .unwrap_or(bare.len());
            let (value, rest) = bare.split_at(end);
            Ok(((key, value.to_vec()), rest))
        }
    }
}

/// A quoted string after its opening quote, and what follows it.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => return Some((value, after)),
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] => {
                value.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
            [] => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BodyLimits = BodyLimits { depth: 1, values: 10, files: 2 };

    fn parse(body: &str) -> Parsed<'_> {
        read(b"multipart/form-data; boundary=B", body.as_bytes(), LIMITS)
    }

    #[test]
    fn fields_and_files_are_read() {
        let parsed = parse(
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\ny\r\n--B\r\nContent-Disposition: form-data; name=f; filename=\"q\\\"\"\r\nContent-Type: text/plain\r\n\r\n\r\n--B--\r\n",
        );
        assert_eq!(parsed.error, None);
        assert_eq!(parsed.flags, Flags { crlf_line: true, ..Flags::default() });
        assert_eq!(
            (parsed.parts[0].name.as_slice(), parsed.parts[0].value),
            (&b"a"[..], &b"x\r\ny"[..])
        );
        assert_eq!(parsed.parts[1].file.as_deref(), Some(&b"q\""[..]));
        assert_eq!(parsed.parts[1].headers.len(), 2);
    }

    #[test]
    fn ambiguous_bodies_are_flagged_or_refused() {
        let part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
        type Check = fn(&Flags) -> bool;
        let flagged: [(String, Check); 5] = [
            (format!("x\r\n--B\r\n{part}--B--"), |flags| flags.data_before),
            (format!("--B\r\n{part}--B--\r\nmore"), |flags| flags.data_after),
            (format!("--B\n{part}--B--"), |flags| flags.lf_line && flags.crlf_line),
            (format!("--B\r\n{part}--C\r\n--B--"), |flags| flags.unmatched_boundary),
            ("--B\r\nContent-Disposition: form-data; name='a'\r\n\r\n--B--".to_owned(), |flags| {
                flags.invalid_quoting
            }),
        ];
        for (body, is_flagged) in flagged {
            let parsed = parse(&body);
            assert!(is_flagged(&parsed.flags), "{body}: {parsed:?}");
        }
        for body in [
            format!("--B\r\n{part}"),
            format!("--Bx\r\n{part}--B--"),
            "--B\r\nA b: c\r\n\r\n--B--".to_owned(),
            "--B\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n--B--".to_owned(),
            "--B\r\nContent-Disposition: form-data\r\n\r\n--B--".to_owned(),
        ] {
            assert!(parse(&body).error.is_some(), "{body}");
        }
    }
}
