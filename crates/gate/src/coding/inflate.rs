//! gzip and deflate.

use flate2::{Decompress, FlushDecompress, Status};

use super::{CodingError, STEP};

/// The largest head of a gzip member: name and comment have no end of their own.
const HEAD_LIMIT: usize = 64 * 1024;
/// What follows a gzip member: checksum and length.
const TRAILER: usize = 8;

const FLAG_CHECKSUM: u8 = 2;
const FLAG_EXTRA: u8 = 4;
const FLAG_NAME: u8 = 8;
const FLAG_COMMENT: u8 = 16;

#[derive(Debug)]
pub(super) struct Inflate {
    inner: Decompress,
    part: Part,
    is_gzip: bool,
    /// Whether anything came at all: an empty body is whole in every coding.
    has_begun: bool,
}

/// Where in the body the decoder is.
#[derive(Debug)]
enum Part {
    /// Before the deflated data; what of it has come.
    Head(Vec<u8>),
    Data,
    /// This many bytes of the trailer are to come.
    Trailer(usize),
    /// After the whole body of a coding that has one part.
    Done,
}

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self::new(true)
    }

    pub(super) fn deflate() -> Self {
        Self::new(false)
    }

    fn new(is_gzip: bool) -> Self {
        let part = Part::Head(Vec::new());
        Self { inner: Decompress::new(false), part, is_gzip, has_begun: false }
    }

    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        self.has_begun |= !data.is_empty();
        match &mut self.part {
            Part::Head(_) => self.head(data, out),
            Part::Data => self.inflate(data, out),
            Part::Trailer(left) => {
                let taken = data.len().min(*left);
                *left = left.saturating_sub(taken);
                if *left == 0 {
                    // Another member may follow (RFC 1952 section 2.2).
                    self.part = Part::Head(Vec::new());
                }
                Ok(taken)
            }
            // What servers append is no part of the body.
            Part::Done => Ok(data.len()),
        }
    }

    fn head(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        let Part::Head(head) = &mut self.part else { return Ok(0) };
        let known = head.len();
        head.extend(data.iter().take(HEAD_LIMIT.saturating_sub(known)));
        if !self.is_gzip {
            let [first, second, ..] = head.as_slice() else { return Ok(data.len()) };
            let has_wrapper =
                first & 15 == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0;
            self.inner = Decompress::new(has_wrapper);
            // Both bytes are the decoder's: those of an earlier call cannot be given back.
            let early: Vec<u8> = head.iter().take(known).copied().collect();
            self.part = Part::Data;
            self.inflate(&early, out)?;
            return self.inflate(data, out);
        }
        match gzip_head(head)? {
            None if head.len() >= HEAD_LIMIT => {
                Err(CodingError("the head of a gzip body is too large"))
            }
            None => Ok(data.len()),
            Some(length) => {
                self.part = Part::Data;
                Ok(length.saturating_sub(known))
            }
        }
    }

    fn inflate(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        let start = out.len();
        out.resize(start.saturating_add(STEP), 0);
        let target = out.get_mut(start..).unwrap_or_default();
        let (before, written) = (self.inner.total_in(), self.inner.total_out());
        let status = self.inner.decompress(data, target, FlushDecompress::None);
        let written = usize::try_from(self.inner.total_out().saturating_sub(written));
        out.truncate(start.saturating_add(written.unwrap_or(0)));
        let status = status.map_err(|_| CodingError("the body is not compressed as it says"))?;
        let taken = usize::try_from(self.inner.total_in().saturating_sub(before));
        if status == Status::StreamEnd {
            self.inner.reset(false);
            self.part = if self.is_gzip { Part::Trailer(TRAILER) } else { Part::Done };
        }
        Ok(taken.unwrap_or(data.len()))
    }

    pub(super) fn is_whole(&self) -> bool {
        match &self.part {
            Part::Head(head) => head.is_empty(),
            Part::Data => !self.has_begun,
            Part::Trailer(_) => false,
            Part::Done => true,
        }
    }
}

/// The length of the gzip head at the start of `bytes`; `None` while it has not wholly come.
fn gzip_head(bytes: &[u8]) -> Result<Option<usize>, CodingError> {
    let magic = [0x1f, 0x8b, 8];
    if bytes.iter().zip(&magic).any(|(byte, expected)| byte != expected) {
        return Err(CodingError("the body is not compressed as it says"));
    }
    let Some(flags) = bytes.get(3).copied() else { return Ok(None) };
    let mut end = 10_usize;
    if flags & FLAG_EXTRA != 0 {
        let Some([low, high]) = bytes.get(end..end.saturating_add(2)) else { return Ok(None) };
        end = end.saturating_add(2).saturating_add(usize::from(u16::from_le_bytes([*low, *high])));
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let Some(rest) = bytes.get(end..) else { return Ok(None) };
            let Some(zero) = rest.iter().position(|byte| *byte == 0) else { return Ok(None) };
            end = end.saturating_add(zero).saturating_add(1);
        }
    }
    if flags & FLAG_CHECKSUM != 0 {
        end = end.saturating_add(2);
    }
    Ok((bytes.len() >= end).then_some(end))
}
