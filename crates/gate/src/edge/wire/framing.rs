//! A request body, taken off a stream of bytes: counting, no copying, no I/O.
//!
//! Trailers (RFC 9112 section 7.1.2) are read as strictly as headers and go no further: what is said
//! after the decision about a request counts for nobody.

use ::bytes::{Buf as _, Bytes, BytesMut};

use super::bytes::{TOKEN, all, is_field_value};
use super::violation::{Fault, Kind, Violation};
use crate::http1::intake;

/// Most digits of a chunk size: sixteen fill 64 bits.
const CHUNK_DIGITS: u8 = 16;

/// Most bytes of all trailer lines of one body.
const TRAILER_LIMIT: u16 = 8192;

/// How a request body is delimited, and how much of it is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// So many bytes are left of a counted body.
    Length(u64),
    /// A chunked body.
    Chunked(Chunk),
}

/// Where inside a chunked body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunk {
    /// In a size line.
    Size {
        /// The size read so far.
        size: u64,
        /// The digits read so far.
        digits: u8,
    },
    /// At the LF of a size line.
    SizeEnd(u64),
    /// So many bytes are left of a chunk.
    Data(u64),
    /// At the CR after a chunk.
    DataCr,
    /// At the LF after a chunk.
    DataLf,
    /// Behind the last chunk, at the start of a trailer line or of the empty line that ends the body;
    /// so many bytes of trailers have come.
    LineStart(u16),
    /// In the name of a trailer.
    TrailerName(u16),
    /// In its value.
    TrailerValue(u16),
    /// At the LF of a trailer line.
    TrailerLf(u16),
    /// At the LF of the empty line.
    LastLf,
    /// Behind it.
    Over,
}

/// What stands at the front of the bytes that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A part of the body.
    Data(Bytes),
    /// More has to be read.
    More,
    /// The body is over; what is left is the next request.
    End,
}

impl Body {
    /// A chunked body from its start.
    #[must_use]
    pub const fn chunked() -> Self {
        Self::Chunked(Chunk::Size { size: 0, digits: 0 })
    }

    /// How many bytes are still to come; `None` when nobody knows.
    #[must_use]
    pub const fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) => None,
        }
    }

    /// Takes the next piece of the body off `input`.
    ///
    /// # Errors
    /// The rule that the byte now at the front of `input` breaks.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Piece, Violation> {
        if self.is_over(input)? {
            return Ok(Piece::End);
        }
        match self {
            Self::Length(left) => Ok(take(left, input)),
            Self::Chunked(Chunk::Data(left)) => {
                let piece = take(left, input);
                if *left == 0 {
                    *self = Self::Chunked(Chunk::DataCr);
                }
                Ok(piece)
            }
            Self::Chunked(_) => Ok(Piece::More),
        }
    }

    /// Whether nothing is left of the body, as far as `input` shows: so the last piece of data is
    /// known to be the last. Passes over what frames the data.
    ///
    /// # Errors
    /// As [`Body::next`].
    pub fn is_over(&mut self, input: &mut BytesMut) -> Result<bool, Violation> {
        let chunk = match self {
            Self::Length(left) => return Ok(*left == 0),
            Self::Chunked(chunk) => chunk,
        };
        let mut used = 0_usize;
        let mut fault = None;
        for &byte in input.iter() {
            if matches!(chunk, Chunk::Data(_) | Chunk::Over) {
                break;
            }
            match chunk.step(byte) {
                Ok(next) => *chunk = next,
                Err(kind) => {
                    fault = Some(kind);
                    break;
                }
            }
            used = used.saturating_add(1);
        }
        input.advance(used);
        intake::let_go(input);
        match fault {
            Some(kind) => Err(Fault::at_byte(kind, input).report(&[])),
            None => Ok(*chunk == Chunk::Over),
        }
    }
}

impl Chunk {
    /// The state after one byte outside chunk data.
    fn step(self, byte: u8) -> Result<Self, Kind> {
        match (self, byte) {
            (Self::Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                next_digit(size, digits, byte)
            }
            (Self::Size { size, digits: 1.. }, b'\r') => Ok(Self::SizeEnd(size)),
            (Self::Size { digits: 1.., .. }, b';' | b' ' | b'\t') => Err(Kind::ChunkExtension),
            (Self::Size { .. }, b'\n') => Err(Kind::BareLineFeed),
            (Self::Size { .. }, _) => Err(Kind::ChunkSize),
            (Self::SizeEnd(0), b'\n') => Ok(Self::LineStart(0)),
            (Self::SizeEnd(size), b'\n') => Ok(Self::Data(size)),
            (Self::SizeEnd(_) | Self::LastLf | Self::TrailerLf(_), _) if byte != b'\n' => {
                Err(Kind::BareCarriageReturn)
            }
            (Self::DataCr, b'\r') => Ok(Self::DataLf),
            (Self::DataLf, b'\n') => Ok(Self::Size { size: 0, digits: 0 }),
            (Self::LineStart(_), b'\r') => Ok(Self::LastLf),
            (Self::TrailerValue(spent), b'\r') => Ok(Self::TrailerLf(spent)),
            (Self::TrailerLf(spent), b'\n') => Ok(Self::LineStart(spent)),
            (Self::LineStart(_) | Self::TrailerName(_) | Self::TrailerValue(_), b'\n') => {
                Err(Kind::BareLineFeed)
            }
            (Self::LineStart(spent) | Self::TrailerName(spent) | Self::TrailerValue(spent), _) => {
                self.in_trailer(spent, byte)
            }
            (Self::LastLf, _) => Ok(Self::Over),
            (
                Self::DataCr
                | Self::DataLf
                | Self::Data(_)
                | Self::SizeEnd(_)
                | Self::TrailerLf(_)
                | Self::Over,
                _,
            ) => Err(Kind::ChunkEnd),
        }
    }

    /// The state after one byte of a trailer line, of which `spent` bytes have come.
    fn in_trailer(self, spent: u16, byte: u8) -> Result<Self, Kind> {
        let spent = spent.saturating_add(1);
        let (is_clean, next) = match (self, byte) {
            (Self::TrailerName(_), b':') => (true, Self::TrailerValue(spent)),
            (Self::TrailerValue(_), _) => (is_field_value(&[byte]), Self::TrailerValue(spent)),
            _ => (all(&[byte], TOKEN), Self::TrailerName(spent)),
        };
        if is_clean && spent <= TRAILER_LIMIT { Ok(next) } else { Err(Kind::Trailer) }
    }
}

fn next_digit(size: u64, digits: u8, byte: u8) -> Result<Chunk, Kind> {
    let value = char::from(byte).to_digit(16).map(u64::from);
    match value {
        Some(value) if digits < CHUNK_DIGITS => {
            Ok(Chunk::Size { size: (size << 4) | value, digits: digits.saturating_add(1) })
        }
        _ => Err(Kind::ChunkSize),
    }
}

/// Up to `left` bytes off `input`.
fn take(left: &mut u64, input: &mut BytesMut) -> Piece {
    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left = left.saturating_sub(size as u64);
    match size {
        0 => Piece::More,
        _ => Piece::Data(intake::split(input, size)),
    }
}
