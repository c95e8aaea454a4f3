//! Content codings of bodies (RFC 9110 section 8.4), read and written while they stream.
//!
//! Every decoder is bounded by what is asked of it, not by what a body claims: a few bytes can stand
//! for gigabytes, and come out a part at a time.

mod brotli;
mod gzip;
mod inflate;
#[cfg(test)]
mod tests;
mod whole;
mod zstd;

use std::fmt;

use http::header::CONTENT_ENCODING;
use http::{HeaderMap, HeaderValue};

pub use gzip::Gzip;
pub(crate) use whole::{Fault, beginning, unpacked};

use self::brotli::Brotli;
use self::inflate::Inflate;
use self::zstd::Zstd;

/// About how much one step decodes, in bytes.
const STEP: usize = 32 * 1024;

/// How a body is coded for transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or bare RFC 1951: servers send either under this name.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878, with windows of at most 8 MiB (RFC 9659).
    Zstd,
}

impl Coding {
    /// The coding that `headers` name; `identity` beside it says nothing (RFC 9110 section 8.4.1).
    /// `None` for several, and for one that cannot be read here.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
        let mut names = fields
            .flat_map(|field| field.split(|byte| *byte == b','))
            .map(|name| name.trim_ascii().to_ascii_lowercase())
            .filter(|name| !name.is_empty() && name != b"identity");
        let Some(name) = names.next() else { return Some(Self::Identity) };
        if names.next().is_some() {
            return None;
        }
        match name.as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            b"br" => Some(Self::Brotli),
            b"zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// A body that cannot be read. The text is for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodingError(&'static str);

impl fmt::Display for CodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for CodingError {}

/// Reads a coded body while it streams.
#[derive(Debug)]
pub struct Decoder(Kind);

#[derive(Debug)]
enum Kind {
    Identity,
    Inflate(Box<Inflate>),
    Brotli(Box<Brotli>),
    Zstd(Box<Zstd>),
}

impl Decoder {
    /// A decoder of one body.
    #[must_use]
    pub fn new(coding: Coding) -> Self {
        Self(match coding {
            Coding::Identity => Kind::Identity,
            Coding::Gzip => Kind::Inflate(Box::new(Inflate::gzip())),
            Coding::Deflate => Kind::Inflate(Box::new(Inflate::deflate())),
            Coding::Brotli => Kind::Brotli(Box::default()),
            Coding::Zstd => Kind::Zstd(Box::default()),
        })
    }

    /// Takes some of `data`, appends what it says to `out`, and says how much it took. One step
    /// appends about 32 KiB at most (zstd: one block, 128 KiB); with no `data` it appends what the
    /// data before still says.
    ///
    /// # Errors
    /// [`CodingError`] when the body is not in this coding.
    pub fn step(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        match &mut self.0 {
            Kind::Identity => {
                let taken = data.len().min(STEP);
                out.extend(data.iter().take(taken));
                Ok(taken)
            }
            Kind::Inflate(inflate) => inflate.step(data, out),
            Kind::Brotli(brotli) => brotli.step(data, out),
            Kind::Zstd(zstd) => zstd.step(data, out),
        }
    }

    /// The body is over.
    ///
    /// # Errors
    /// [`CodingError`] when it ended in the middle.
    pub fn finish(&self) -> Result<(), CodingError> {
        let is_whole = match &self.0 {
            Kind::Identity => true,
            Kind::Inflate(inflate) => inflate.is_whole(),
            Kind::Brotli(brotli) => brotli.is_whole(),
            Kind::Zstd(zstd) => zstd.is_whole(),
        };
        if is_whole { Ok(()) } else { Err(CodingError("the compressed body ends in the middle")) }
    }
}
