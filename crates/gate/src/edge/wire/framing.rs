//! A request body, taken off a stream of bytes: counting, no copying, no I/O.

use ::bytes::{Buf as _, Bytes, BytesMut};

use super::violation::{Fault, Kind, Violation};
use crate::http1::intake;

/// Most digits of a chunk size: sixteen fill 64 bits.
const CHUNK_DIGITS: u8 = 16;

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
    /// At the CR after the last chunk.
    LastCr,
    /// At the LF after the last chunk.
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
            (Self::SizeEnd(0), b'\n') => Ok(Self::LastCr),
            (Self::SizeEnd(size), b'\n') => Ok(Self::Data(size)),
            (Self::SizeEnd(_) | Self::LastLf, _) if byte != b'\n' => Err(Kind::BareCarriageReturn),
            (Self::DataCr, b'\r') => Ok(Self::DataLf),
            (Self::DataLf, b'\n') => Ok(Self::Size { size: 0, digits: 0 }),
            (Self::LastCr, b'\r') => Ok(Self::LastLf),
            (Self::LastCr, b'\n') => Err(Kind::BareLineFeed),
            (Self::LastCr, _) => Err(Kind::Trailer),
            (Self::LastLf, _) => Ok(Self::Over),
            (Self::DataCr | Self::DataLf | Self::Data(_) | Self::SizeEnd(_) | Self::Over, _) => {
                Err(Kind::ChunkEnd)
            }
        }
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
