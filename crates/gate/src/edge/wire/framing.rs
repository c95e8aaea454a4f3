//! Where a request body ends: pure counting, no copying, no buffer.

use super::violation::Kind;

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
}

/// What became of a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All bytes belong to the body, which goes on.
    More,
    /// The body ended after so many bytes; the rest is the next request.
    Done(usize),
    /// The byte at this offset broke the rule.
    Broken(usize, Kind),
}

impl Body {
    /// A chunked body from its start.
    #[must_use]
    pub const fn chunked() -> Self {
        Self::Chunked(Chunk::Size { size: 0, digits: 0 })
    }

    /// Takes the next piece of the body into account. Must not be called again after
    /// [`Progress::Done`] or [`Progress::Broken`].
    pub fn advance(&mut self, bytes: &[u8]) -> Progress {
        match self {
            Self::Length(left) => {
                let taken = take(left, bytes.len());
                if *left == 0 { Progress::Done(taken) } else { Progress::More }
            }
            Self::Chunked(chunk) => advance_chunked(chunk, bytes),
        }
    }
}

fn advance_chunked(chunk: &mut Chunk, bytes: &[u8]) -> Progress {
    let mut at = 0_usize;
    while let Some(&byte) = bytes.get(at) {
        if let Chunk::Data(left) = chunk {
            at = at.saturating_add(take(left, bytes.len().saturating_sub(at)));
            if *left == 0 {
                *chunk = Chunk::DataCr;
            }
            continue;
        }
        match chunk.step(byte) {
            Ok(Some(next)) => *chunk = next,
            Ok(None) => return Progress::Done(at.saturating_add(1)),
            Err(kind) => return Progress::Broken(at, kind),
        }
        at = at.saturating_add(1);
    }
    Progress::More
}

impl Chunk {
    /// The state after one byte outside chunk data; `None` at the end of the body.
    fn step(self, byte: u8) -> Result<Option<Self>, Kind> {
        match (self, byte) {
            (Self::Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                next_digit(size, digits, byte).map(Some)
            }
            (Self::Size { size, digits: 1.. }, b'\r') => Ok(Some(Self::SizeEnd(size))),
            (Self::Size { digits: 1.., .. }, b';' | b' ' | b'\t') => Err(Kind::ChunkExtension),
            (Self::Size { .. }, b'\n') => Err(Kind::BareLineFeed),
            (Self::Size { .. }, _) => Err(Kind::ChunkSize),
            (Self::SizeEnd(0), b'\n') => Ok(Some(Self::LastCr)),
            (Self::SizeEnd(size), b'\n') => Ok(Some(Self::Data(size))),
            (Self::SizeEnd(_) | Self::LastLf, _) if byte != b'\n' => Err(Kind::BareCarriageReturn),
            (Self::DataCr, b'\r') => Ok(Some(Self::DataLf)),
            (Self::DataLf, b'\n') => Ok(Some(Self::Size { size: 0, digits: 0 })),
            (Self::LastCr, b'\r') => Ok(Some(Self::LastLf)),
            (Self::LastCr, b'\n') => Err(Kind::BareLineFeed),
            (Self::LastCr, _) => Err(Kind::Trailer),
            (Self::LastLf, _) => Ok(None),
            (Self::DataCr | Self::DataLf | Self::Data(_) | Self::SizeEnd(_), _) => {
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

/// Takes up to `available` bytes off `left` and says how many.
fn take(left: &mut u64, available: usize) -> usize {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(available);
    *left = left.saturating_sub(u64::try_from(taken).unwrap_or(u64::MAX));
    taken
}
