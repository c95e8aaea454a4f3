//! Where the body of an answer ends (RFC 9112 section 6.3).

use bytes::{Bytes, BytesMut};
use http::StatusCode;

use super::chunked::Chunked;
use super::fault::Fault;
use crate::http1::intake;

/// What a head says about its body.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Announced {
    length: Option<u64>,
    pub(super) is_chunked: bool,
}

impl Announced {
    /// Takes a `Content-Length` into account: one, and digits alone.
    pub(super) fn length(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.length.is_some() {
            return Err(Fault("more than one length"));
        }
        let digits = Some(value).filter(|value| !value.is_empty());
        let length = digits.and_then(|digits| {
            digits.iter().try_fold(0_u64, |length, byte| {
                let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
                length.checked_mul(10)?.checked_add(digit)
            })
        });
        self.length = Some(length.ok_or(Fault("a length that is no number"))?);
        Ok(())
    }

    /// Takes a `Transfer-Encoding` into account: `chunked`, once, and nothing else.
    pub(super) fn coding(&mut self, value: &[u8]) -> Result<(), Fault> {
        if self.is_chunked || !value.eq_ignore_ascii_case(b"chunked") {
            return Err(Fault("a transfer coding that is not `chunked` alone"));
        }
        self.is_chunked = true;
        Ok(())
    }

    /// Whether it speaks of a body at all.
    pub(super) fn is_something(self) -> bool {
        self.is_chunked || self.length.is_some_and(|length| length > 0)
    }

    /// Whether it says that there is no body.
    pub(super) fn is_nothing(self) -> bool {
        !self.is_chunked && self.length == Some(0)
    }

    /// How the body is delimited, of an answer with this status to a request that may have one.
    pub(super) fn framing(self, status: StatusCode) -> Result<Framing, Fault> {
        if self.is_chunked && self.length.is_some() {
            return Err(Fault("both a length and a transfer coding"));
        }
        if status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED {
            return Ok(Framing::Length(0));
        }
        Ok(match self.length {
            Some(length) => Framing::Length(length),
            None if self.is_chunked => Framing::Chunked(Chunked::default()),
            None => Framing::UntilClose,
        })
    }
}

/// How a body is delimited, and how much of it is still to come.
#[derive(Debug)]
pub(super) enum Framing {
    /// So many bytes are left.
    Length(u64),
    Chunked(Chunked),
    /// It ends with the connection.
    UntilClose,
}

/// What stands at the front of the bytes that were read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Data(Bytes),
    /// More has to be read.
    More,
    /// The body is over.
    End,
}

impl Framing {
    /// Takes the next piece off `input`.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Piece, Fault> {
        match self {
            Self::Length(0) => Ok(Piece::End),
            Self::Length(left) => Ok(take(left, input).map_or(Piece::More, Piece::Data)),
            Self::Chunked(chunked) => chunked.next(input),
            Self::UntilClose if input.is_empty() => Ok(Piece::More),
            Self::UntilClose => Ok(Piece::Data(intake::split(input, input.len()))),
        }
    }

    /// Whether nothing is left of the body, as far as `input` shows: so the last piece of data is
    /// known to be the last.
    pub(super) fn is_over(&mut self, input: &mut BytesMut) -> Result<bool, Fault> {
        match self {
            Self::Length(left) => Ok(*left == 0),
            Self::Chunked(chunked) => chunked.is_over(input),
            Self::UntilClose => Ok(false),
        }
    }

    /// How many bytes are still to come; `None` when nobody knows.
    pub(super) const fn left(&self) -> Option<u64> {
        match self {
            Self::Length(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }
}

/// Up to `left` bytes off `input`; `None` when there are none.
pub(super) fn take(left: &mut u64, input: &mut BytesMut) -> Option<Bytes> {
    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
    *left = left.saturating_sub(size as u64);
    (size > 0).then(|| intake::split(input, size))
}
