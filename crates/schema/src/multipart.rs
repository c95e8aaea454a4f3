//! `multipart/form-data` (RFC 7578), only as clients write it: whatever two readers could take
//! apart in different ways is refused.

use memchr::memmem;

use crate::entry::{Entry, Kind, MAX_ENTRIES};
use crate::media::MediaType;

/// Longest boundary (RFC 2046, section 5.1.1).
const BOUNDARY_LIMIT: usize = 70;
/// Most bytes of the head of one part.
const HEAD_LIMIT: usize = 4096;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    /// Whether it has a file name.
    pub(crate) is_file: bool,
    /// What it says of its content, in lower case; `None` for nothing.
    pub(crate) essence: Option<String>,
    pub(crate) content: &'a [u8],
}

/// Takes a body apart.
///
/// # Errors
/// What is wrong with it, for people.
pub(crate) fn read<'a>(media: &MediaType, body: &'a [u8]) -> Result<Vec<Part<'a>>, &'static str> {
    let boundary = media.boundary.as_deref().ok_or("has no boundary")?;
    let is_fine = (1..=BOUNDARY_LIMIT).contains(&boundary.len())
        && boundary.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if !is_fine {
        return Err("has an unusable boundary");
    }
    let opening = format!("--{boundary}");
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let mut rest =
        body.strip_prefix(opening.as_bytes()).ok_or("does not begin with its boundary")?;
    let mut parts = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(b"--") {
            return if matches!(after, b"" | b"\r\n") {
                Ok(parts)
            } else {
                Err("goes on after its end")
            };
        }
        if parts.len() >= MAX_ENTRIES {
            return Err("has too many parts");
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("has a boundary that goes on")?;
        let end = finder.find(rest).ok_or("has no end")?;
        let (part, after) = rest.split_at(end);
        parts.push(part_of(part)?);
        rest = after.get(delimiter.len()..).unwrap_or_default();
    }
}

fn part_of(part: &[u8]) -> Result<Part<'_>, &'static str> {
    let end = memmem::find(part, b"\r\n\r\n").filter(|end| *end <= HEAD_LIMIT);
    let end = end.ok_or("has a part without a head")?;
    let (head, content) = part.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| "has a head that is not UTF-8")?;
    let mut read = Part {
        name: "",
        is_file: false,
        essence: None,
        content: content.get(4..).unwrap_or_default(),
    };
    let mut has_disposition = false;
    for line in head.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) {
            return Err("has a bare line break in a head");
        }
        let (name, value) = line.split_once(':').ok_or("has a broken line in a head")?;
        match name.to_ascii_lowercase().as_str() {
            "content-disposition" if !has_disposition => {
                has_disposition = true;
                disposition(value, &mut read)?;
            }
            "content-type" if read.essence.is_none() => {
                let media = MediaType::parse(value.trim().as_bytes());
                read.essence = Some(media.ok_or("has a part of no media type")?.essence);
            }
            "content-transfer-encoding" => {
                let coding = value.trim().to_ascii_lowercase();
                if !matches!(coding.as_str(), "binary" | "8bit" | "7bit") {
                    return Err("has a part in another coding");
                }
            }
            "content-length" => {}
            _ => return Err("has a head that says something twice, or something unknown"),
        }
    }
    let is_nested = read.essence.as_deref().is_some_and(|kind| kind.starts_with("multipart/"));
    if !has_disposition || is_nested {
        return Err("has a part that is no field");
    }
    Ok(read)
}

fn disposition<'a>(value: &'a str, part: &mut Part<'a>) -> Result<(), &'static str> {
    const BROKEN: &str = "has a part whose name is not clear";
    let mut rest = value.trim().strip_prefix("form-data").ok_or("has a part that is no field")?;
    let mut names = 0;
    while let Some(after) = rest.trim_start().strip_prefix(';') {
        let (key, value) = after.split_once('=').ok_or(BROKEN)?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or(BROKEN)?,
            None => value.split_at(value.find(';').unwrap_or(value.len())),
        };
        if value.contains('\\') && !key.trim().eq_ignore_ascii_case("filename") {
            return Err(BROKEN);
        }
        match key.trim().to_ascii_lowercase().as_str() {
            "name" => {
                names += 1;
                part.name = value;
            }
            "filename" | "filename*" => part.is_file = true,
            _ => return Err(BROKEN),
        }
        rest = after;
    }
    if names == 1 && rest.trim().is_empty() { Ok(()) } else { Err(BROKEN) }
}

/// The fields of a form; `None` for a field that is not UTF-8.
pub(crate) fn entries<'a>(parts: &[Part<'a>]) -> Option<Vec<Entry<'a>>> {
    let entry = |part: &Part<'a>| {
        let is_json = part.essence.as_deref() == Some("application/json") && !part.is_file;
        if part.is_file {
            return Some(Entry { name: part.name.into(), value: "".into(), kind: Kind::File });
        }
        let value = std::str::from_utf8(part.content).ok()?;
        let kind = if is_json { Kind::Json } else { Kind::Text };
        Some(Entry { name: part.name.into(), value: value.into(), kind })
    };
    parts.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(body: &str) -> Result<Vec<String>, &'static str> {
        let media = MediaType::parse(b"multipart/form-data; boundary=B").unwrap();
        let parts = read(&media, body.as_bytes())?;
        let show = |part: &Part<'_>| {
            let content = String::from_utf8_lossy(part.content);
            format!("{}{}={content}", part.name, if part.is_file { "(file)" } else { "" })
        };
        Ok(parts.iter().map(show).collect())
    }

    #[test]
    fn forms_are_taken_apart_as_browsers_and_libraries_write_them() {
        let field = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\ny\r\n";
        let file = "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\a \\\"b.wav\"\r\nContent-Type: audio/wav\r\n\r\n\u{1}--B\r\n";
        let plain =
            "--B\r\ncontent-disposition: form-data; name=b\r\nContent-Length: 0\r\n\r\n\r\n";
        assert_eq!(parts(&format!("{field}{plain}--B--\r\n")).unwrap(), ["a=x\r\ny", "b="]);
        assert_eq!(parts(&format!("{field}--B--")).unwrap(), ["a=x\r\ny"]);
        assert_eq!(parts("--B--\r\n").unwrap(), [""; 0]);
        // A file name with an escaped quote has no one end.
        assert!(parts(&format!("{file}--B--\r\n")).is_err());
        let file = file.replace(" \\\"", "");
        assert_eq!(parts(&format!("{file}--B--\r\n")).unwrap(), ["f(file)=\u{1}--B"]);
    }

    #[test]
    fn what_two_readers_take_apart_differently_is_refused() {
        let disposition = "Content-Disposition: form-data; name=\"a\"";
        for body in [
            "",
            "preamble\r\n--B\r\n\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n",
            "--B\nContent-Disposition: form-data; name=\"a\"\n\nx\n--B--",
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--Bc\r\n--B--",
            "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=\"a\"; name=\"b\"\r\n\r\nx\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name*=utf-8''a\r\n\r\nx\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=\"a\\\"; x=\"\r\n\r\nx\r\n--B--",
            "--B\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--B--",
            "--B\r\n\r\nx\r\n--B--",
            &format!("--B\r\n{disposition}\r\n{disposition}\r\n\r\nx\r\n--B--"),
            &format!("--B\r\n{disposition}\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--B--"),
            &format!(
                "--B\r\n{disposition}\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\nx\r\n--B--"
            ),
            &format!("--B\r\n{disposition}\r\n folded\r\n\r\nx\r\n--B--"),
            &format!("--B\r\n{disposition}\n\r\n\r\nx\r\n--B--"),
            &format!("--B\r\n{disposition}\r\n\r\nx\r\n--B--\r\nepilogue"),
        ] {
            assert!(parts(body).is_err(), "{body:?}");
        }
    }
}
