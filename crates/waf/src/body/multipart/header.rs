//! The header lines of a part.

use super::{Flags, Part};

impl Part {
    /// Takes one more header line in; one that begins with white space goes on with the line before.
    pub(super) fn header_line(&mut self, text: &[u8], flags: &mut Flags) -> Result<(), String> {
        if !text.starts_with(b" ") && !text.starts_with(b"\t") {
            self.headers.push(text.to_vec());
            return Ok(());
        }
        flags.header_folding = true;
        if text.iter().any(|byte| matches!(byte, 0x0b | 0x0c)) {
            flags.invalid_header_folding = true;
        }
        let Some(last) = self.headers.last_mut() else {
            self.headers.push(text.to_vec());
            return Err("Invalid part header (folding error).".to_owned());
        };
        last.push(b' ');
        last.extend_from_slice(text.trim_ascii_start());
        Ok(())
    }

    /// Reads the header lines once they are all here.
    pub(super) fn read_headers(&mut self, flags: &mut Flags) -> Result<(), String> {
        let names =
            self.headers.iter().try_fold(Vec::new(), |names, line| header_name(line, names));
        // What can be read of the part is kept also then, so that rules may look at it.
        let disposition = self.read_disposition(flags);
        names.map(|_| ()).and(disposition)
    }

    fn read_disposition(&mut self, flags: &mut Flags) -> Result<(), String> {
        let value = self.headers.iter().find_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let (name, value) = line.split_at(colon);
            name.eq_ignore_ascii_case(b"content-disposition")
                .then(|| value.get(1..).unwrap_or_default().to_vec())
        });
        let Some(value) = value else {
            flags.invalid_part = true;
            return Err("Part missing Content-Disposition header.".to_owned());
        };
        let mut parameters = Vec::new();
        let read = disposition(value.trim_ascii(), flags, &mut parameters);
        let mut name = None;
        for (key, value) in parameters {
            let slot = match key.as_slice() {
                b"name" => &mut name,
                b"filename" => &mut self.file,
                b"filename*" => &mut self.extended_file,
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
        if self.file.is_none() {
            self.file = self.extended_file.take();
            self.only_extended = self.file.is_some();
        }
        let has_name = name.is_some();
        self.name = name.unwrap_or_default();
        read?;
        if !has_name {
            flags.invalid_part = true;
            return Err("Content-Disposition header missing name field.".to_owned());
        }
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

/// Reads the parameters of `form-data; name="x"; filename="y"`; those before an error stay.
fn disposition(
    value: &[u8],
    flags: &mut Flags,
    parameters: &mut Vec<Parameter>,
) -> Result<(), String> {
    let kind = value.get(..9).filter(|kind| kind.eq_ignore_ascii_case(b"form-data"));
    kind.ok_or("Invalid Content-Disposition header: not form-data.")?;
    let mut rest = value.get(9..).unwrap_or_default().trim_ascii_start();
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
    Ok(())
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
