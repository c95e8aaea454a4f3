//! Reading compressed error answers.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

/// How a body is coded for transport (RFC 9110 section 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Not at all.
    Plain,
    Gzip,
    Deflate,
    /// In a way that cannot be read here, or in several.
    Unreadable,
}

impl Coding {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(CONTENT_ENCODING).iter();
        let (first, second) = (fields.next(), fields.next());
        if second.is_some() {
            return Self::Unreadable;
        }
        match first.map(|value| value.as_bytes().trim_ascii().to_ascii_lowercase()).as_deref() {
            None | Some(b"" | b"identity") => Self::Plain,
            Some(b"gzip" | b"x-gzip") => Self::Gzip,
            Some(b"deflate") => Self::Deflate,
            Some(_) => Self::Unreadable,
        }
    }

    /// The beginning of what `coded` says, at most `limit` bytes: it may be cut, and a small body
    /// may claim to be a large one. `None` when it cannot be read.
    pub(super) fn read(self, coded: &[u8], limit: usize) -> Option<Vec<u8>> {
        match self {
            Self::Plain => Some(coded.iter().take(limit).copied().collect()),
            Self::Gzip => Some(read(MultiGzDecoder::new(coded), limit)),
            // Servers send either form under this name.
            Self::Deflate => {
                let text = read(ZlibDecoder::new(coded), limit);
                Some(if text.is_empty() { read(DeflateDecoder::new(coded), limit) } else { text })
            }
            Self::Unreadable => None,
        }
    }
}

fn read(decoder: impl Read, limit: usize) -> Vec<u8> {
    let mut text = Vec::new();
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    // What was held may end in the middle: what could be read until then is what there is to see.
    let _ = decoder.take(limit).read_to_end(&mut text);
    text
}
