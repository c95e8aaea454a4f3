//! `multipart/form-data`, strictly: every way in which two readers could see different parts is an
//! error or a flag.

mod boundary;
mod header;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use reader::Reader;

use super::BodyLimits;

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
pub(crate) struct Part {
    pub(crate) name: Vec<u8>,
    /// The file name. `None`: the part is a field.
    pub(crate) file: Option<Vec<u8>>,
    /// What `filename*` says beside `filename` (RFC 7578 forbids it, many clients send it).
    pub(crate) extended_file: Option<Vec<u8>>,
    /// Whether the file name is that of `filename*` alone.
    only_extended: bool,
    /// Something in its head or about its delimiters is broken: readers may take it for anything.
    is_broken: bool,
    /// Header lines, folded ones joined.
    pub(crate) headers: Vec<Vec<u8>>,
    /// The content of a field; that of a file where the reader keeps it.
    pub(crate) value: Vec<u8>,
    /// How long the content is, bytes.
    pub(crate) size: usize,
}

impl Part {
    /// Whether it is a field, for some readers at least: an empty file name is none for them.
    pub(crate) fn is_field(&self) -> bool {
        self.file.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether some readers take it for a field although others find a file: they do not know
    /// `filename*`, pass over an empty file name, or pass over what is broken.
    pub(crate) fn may_be_field(&self) -> bool {
        self.only_extended || self.is_broken || self.is_field()
    }
}

/// A body taken apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) parts: Vec<Part>,
    pub(crate) flags: Flags,
    /// What makes it unreadable. What else can be read of it is read all the same: readers that are
    /// less strict see it.
    pub(crate) error: Option<String>,
}

/// Takes a whole body apart; the content of files is kept.
pub(crate) fn read(content_type: &[u8], body: &[u8], limits: BodyLimits) -> Parsed {
    let mut reader = Reader::new(content_type, limits).keeping_files();
    reader.feed(body);
    reader.finish()
}
