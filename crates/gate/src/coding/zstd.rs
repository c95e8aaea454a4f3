//! Zstandard. The library takes whole blocks and keeps back a window until a frame is over, so a
//! page that the application flushes in this coding comes in larger steps.

use std::fmt;

use ruzstd::decoding::FrameDecoder;

use super::{CodingError, STEP};

/// The largest window (RFC 9659 section 3): it is memory that the sender chooses.
const WINDOW_LIMIT: u64 = 8 * 1024 * 1024;
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BROKEN: CodingError = CodingError("the body is not compressed as it says");

pub(super) struct Zstd {
    decoder: FrameDecoder,
    /// Received, and not yet a whole head or block.
    held: Vec<u8>,
    part: Part,
    has_checksum: bool,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Frame,
    Block,
    Checksum,
}

impl fmt::Debug for Zstd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zstd").field("part", &self.part).finish_non_exhaustive()
    }
}

impl Default for Zstd {
    fn default() -> Self {
        Self {
            decoder: FrameDecoder::new(),
            held: Vec::new(),
            part: Part::Frame,
            has_checksum: false,
        }
    }
}

impl Zstd {
    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        let before = out.len();
        if self.part != Part::Frame || self.decoder.can_collect() > 0 {
            self.drain(out)?;
        }
        if out.len() > before {
            return Ok(0);
        }
        let taken = data.len().min(STEP);
        self.held.extend(data.iter().take(taken));
        // A block may bring nothing out yet: what comes later may refer to it.
        while out.len() == before && self.advance(out)? {}
        Ok(taken)
    }

    /// Reads what comes next; `false` when more of it has to come first.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<bool, CodingError> {
        let part = self.part;
        let used = match part {
            Part::Frame => self.frame()?,
            Part::Block => self.block(out)?,
            Part::Checksum => (self.held.len() >= 4).then_some(4),
        };
        let Some(used) = used else { return Ok(false) };
        self.held.drain(..used.min(self.held.len()));
        if part == Part::Checksum {
            self.part = Part::Frame;
        }
        // The last block makes all of it ready.
        if part == Part::Block && self.decoder.can_collect() > 0 {
            self.drain(out)?;
        }
        Ok(true)
    }

    /// Reads the head of a frame; `None` while it has not wholly come.
    fn frame(&mut self) -> Result<Option<usize>, CodingError> {
        if self.held.iter().zip(&MAGIC).any(|(byte, expected)| byte != expected) {
            return Err(BROKEN);
        }
        let Some(descriptor) = self.held.get(4).copied() else { return Ok(None) };
        let is_single = descriptor & 0x20 != 0;
        let dictionary = [0_usize, 1, 2, 4].get(usize::from(descriptor & 3)).copied();
        let size = match (descriptor >> 6, is_single) {
            (0, true) => 1,
            (0, false) => 0_usize,
            (flag, _) => 1 << flag,
        };
        let length = 5 + usize::from(!is_single) + dictionary.unwrap_or(0).saturating_add(size);
        let Some(head) = self.held.get(..length) else { return Ok(None) };
        if window(head, is_single, size) > WINDOW_LIMIT {
            return Err(CodingError("the window of a compressed body is too large"));
        }
        self.decoder.reset(head).map_err(|_| BROKEN)?;
        self.has_checksum = descriptor & 4 != 0;
        self.part = Part::Block;
        Ok(Some(length))
    }

    /// Decodes one block; `None` while it has not wholly come.
    fn block(&mut self, out: &mut Vec<u8>) -> Result<Option<usize>, CodingError> {
        let Some([first, second, third]) = self.held.get(..3) else { return Ok(None) };
        let head = u32::from_le_bytes([*first, *second, *third, 0]);
        // A block of one repeated byte has only that byte.
        let size = if (head >> 1) & 3 == 1 { 1 } else { usize::try_from(head >> 3).unwrap_or(0) };
        let length = size.saturating_add(3);
        let Some(block) = self.held.get(..length) else { return Ok(None) };
        let start = out.len();
        out.resize(start.saturating_add(STEP), 0);
        let target = out.get_mut(start..).unwrap_or_default();
        let (_, written) = self.decoder.decode_from_to(block, target).map_err(|_| BROKEN)?;
        out.truncate(start.saturating_add(written));
        if head & 1 == 1 {
            self.part = if self.has_checksum { Part::Checksum } else { Part::Frame };
        }
        Ok(Some(length))
    }

    /// Appends what is decoded and need not be kept.
    fn drain(&mut self, out: &mut Vec<u8>) -> Result<(), CodingError> {
        let start = out.len();
        out.resize(start.saturating_add(STEP), 0);
        let target = out.get_mut(start..).unwrap_or_default();
        let read = std::io::Read::read(&mut self.decoder, target).map_err(|_| BROKEN)?;
        out.truncate(start.saturating_add(read));
        Ok(())
    }

    pub(super) fn is_whole(&self) -> bool {
        self.part == Part::Frame && self.held.is_empty()
    }
}

/// The memory that a frame asks for (RFC 8878 section 3.1.1.1).
fn window(head: &[u8], is_single: bool, size: usize) -> u64 {
    if !is_single {
        let byte = head.get(5).copied().unwrap_or(u8::MAX);
        let base = 1_u64 << (10 + u32::from(byte >> 3));
        return base + (base / 8) * u64::from(byte & 7);
    }
    let mut bytes = [0; 8];
    let field = head.get(head.len().saturating_sub(size)..).unwrap_or_default();
    for (to, from) in bytes.iter_mut().zip(field) {
        *to = *from;
    }
    // A field of two bytes counts from 256.
    u64::from_le_bytes(bytes).saturating_add(if size == 2 { 256 } else { 0 })
}
