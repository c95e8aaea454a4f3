//! Chunked bodies of answers (RFC 9112 section 7.1). Sizes and line ends are read strictly;
//! extensions and trailers are passed over, within a limit: nobody behind us has asked for them.

use bytes::{Buf as _, BytesMut};

use super::fault::Fault;
use super::framing::{Piece, take};
use crate::http1::intake;

/// Most digits of a chunk size: sixteen fill 64 bits.
const SIZE_DIGITS: u8 = 16;

/// Most bytes of extensions and trailers in one body, beyond what its chunks may have.
const EXTRAS: u64 = 16 * 1024;

/// What each chunk may have, besides twice its size: some servers pad every size line.
const EXTRAS_OF_CHUNK: u64 = 16;

/// A chunked body that is being read.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    extras: u64,
}

/// Where the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a size line.
    Size { size: u64, digits: u8 },
    /// In what follows the size.
    Extension(u64),
    /// At the LF of a size line.
    SizeEnd(u64),
    /// So many bytes are left of a chunk.
    Data(u64),
    /// At the CR behind a chunk.
    DataCr,
    /// At the LF behind a chunk.
    DataLf,
    /// At the start of a line after the last chunk.
    TrailerStart,
    /// In a trailer line.
    Trailer,
    /// At the LF of a trailer line.
    TrailerLf,
    /// At the LF of the last line.
    LastLf,
    /// Behind it.
    Over,
}

impl Default for State {
    fn default() -> Self {
        Self::Size { size: 0, digits: 0 }
    }
}

impl Chunked {
    /// Takes the next piece of data off `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, Fault> {
        if self.is_over(input)? {
            return Ok(Piece::End);
        }
        let State::Data(left) = &mut self.state else { return Ok(Piece::More) };
        let Some(data) = take(left, input) else { return Ok(Piece::More) };
        if *left == 0 {
            self.state = State::DataCr;
        }
        Ok(Piece::Data(data))
    }

    /// Passes over everything that is no data; whether the body is over then.
    pub(super) fn is_over(&mut self, input: &mut BytesMut) -> Result<bool, Fault> {
        let mut used = 0_usize;
        for &byte in input.iter() {
            if matches!(self.state, State::Data(_) | State::Over) {
                break;
            }
            self.state = self.step(byte)?;
            used = used.saturating_add(1);
        }
        input.advance(used);
        intake::let_go(input);
        Ok(self.state == State::Over)
    }

    fn step(&mut self, byte: u8) -> Result<State, Fault> {
        Ok(match (self.state, byte) {
            (State::Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                next_digit(size, digits, byte)?
            }
            (State::Size { digits: 0, .. }, _) => return Err(Fault("a chunk without a size")),
            (State::Size { size, .. } | State::Extension(size), b'\r') => State::SizeEnd(size),
            (State::Size { size, .. }, b';' | b' ' | b'\t') => {
                self.extra(State::Extension(size))?
            }
            (State::Extension(size), byte) if is_text(byte) => {
                self.extra(State::Extension(size))?
            }
            (State::SizeEnd(0), b'\n') => State::TrailerStart,
            (State::SizeEnd(size), b'\n') => {
                let allowed = size.saturating_mul(2).saturating_add(EXTRAS_OF_CHUNK);
                self.extras = self.extras.saturating_sub(allowed);
                State::Data(size)
            }
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::default(),
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::TrailerStart | State::Trailer, byte) if is_text(byte) => {
                self.extra(State::Trailer)?
            }
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::LastLf, b'\n') => State::Over,
            _ => return Err(Fault("a chunk that does not end where it says")),
        })
    }

    /// One more byte of what is passed over.
    fn extra(&mut self, next: State) -> Result<State, Fault> {
        self.extras = self.extras.saturating_add(1);
        if self.extras > EXTRAS {
            return Err(Fault("too many chunk extensions and trailers"));
        }
        Ok(next)
    }
}

fn next_digit(size: u64, digits: u8, byte: u8) -> Result<State, Fault> {
    let value = char::from(byte).to_digit(16).map(u64::from);
    match value {
        Some(value) if digits < SIZE_DIGITS => {
            Ok(State::Size { size: (size << 4) | value, digits: digits.saturating_add(1) })
        }
        _ => Err(Fault("a chunk size that is too long")),
    }
}

const fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}
