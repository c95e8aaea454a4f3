//! One message on its way: how large it is, whether its text is text, what guards will see of it.

use bytes::BytesMut;

use super::Ending;
use super::frame::{Head, Opcode};
use super::inflate::{Bounds, Inflate};
use super::utf8::Utf8;
use crate::stages::body::Share;

/// How much is unmasked at once, in bytes.
const STEP: usize = 4096;

/// A message whose frames are coming.
#[derive(Debug)]
pub(super) struct Message {
    /// Bytes of payload that were announced so far.
    wire: u64,
    /// Bytes of what it says so far, where that is read.
    plain: u64,
    utf8: Option<Utf8>,
    inflate: Option<Box<Inflate>>,
    held: Option<Box<Held>>,
    /// Where the next byte stands in its frame.
    offset: u64,
}

/// A message that waits for the guards.
#[derive(Debug)]
pub(super) struct Held {
    /// Its frames as they came.
    pub(super) wire: BytesMut,
    /// What they say.
    pub(super) text: Vec<u8>,
    share: Share,
}

/// How a message is read.
pub(super) struct Reading {
    /// Compressed messages are inflated.
    pub(super) inflates: bool,
    /// Memory for a text that guards are to see; `None` when none wants to.
    pub(super) share: Option<Share>,
}

impl Message {
    /// The message that begins with `head`.
    pub(super) fn begin(head: &Head, reading: Reading) -> Self {
        let is_text = head.opcode == Opcode::Text;
        let share = reading.share.filter(|_| is_text);
        let is_read = !head.is_compressed || reading.inflates || share.is_some();
        Self {
            wire: 0,
            plain: 0,
            utf8: (is_text && is_read).then(Utf8::default),
            inflate: (head.is_compressed && is_read).then(|| Box::new(Inflate::new())),
            held: share
                .map(|share| Box::new(Held { wire: BytesMut::new(), text: Vec::new(), share })),
            offset: 0,
        }
    }

    /// One more frame of it; whether the message is still within `limit` bytes.
    pub(super) const fn frame(&mut self, head: &Head, limit: u64) -> bool {
        self.offset = 0;
        self.wire = self.wire.saturating_add(head.length);
        self.wire <= limit
    }

    /// Whether it waits for the guards.
    pub(super) const fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Keeps bytes of it, heads included, until the guards have seen it.
    pub(super) fn hold(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        let Some(held) = &mut self.held else { return Ok(()) };
        if !held.share.grow(bytes.len() as u64) {
            return Err(Ending::Memory);
        }
        held.wire.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads a piece of payload, masked as it came.
    pub(super) fn read(
        &mut self,
        piece: &[u8],
        mask: Option<[u8; 4]>,
        bounds: Bounds,
    ) -> Result<(), Ending> {
        let Self { plain, utf8, inflate, held, offset, .. } = self;
        if utf8.is_none() && inflate.is_none() && held.is_none() {
            return Ok(());
        }
        let mut sink = |text: &[u8]| take(text, plain, utf8, held, bounds);
        let mut space = [0; STEP];
        for part in piece.chunks(STEP) {
            let Some(space) = space.get_mut(..part.len()) else { continue };
            space.copy_from_slice(part);
            if let Some(mask) = mask {
                super::mask::apply(space, mask, *offset);
            }
            *offset = offset.saturating_add(part.len() as u64);
            match inflate {
                Some(inflate) => inflate.push(space, bounds, &mut sink)?,
                None => sink(space)?,
            }
        }
        Ok(())
    }

    /// The end of the message, and what was held of it.
    pub(super) fn finish(mut self, bounds: Bounds) -> Result<Option<Box<Held>>, Ending> {
        let Self { plain, utf8, inflate, held, .. } = &mut self;
        if let Some(inflate) = inflate {
            inflate.finish(bounds, &mut |text| take(text, plain, utf8, held, bounds))?;
        }
        match utf8 {
            Some(utf8) if !utf8.is_whole() => Err(Ending::InvalidData("text is not utf-8")),
            _ => Ok(self.held),
        }
    }
}

/// Looks at a piece of what a message says.
fn take(
    text: &[u8],
    plain: &mut u64,
    utf8: &mut Option<Utf8>,
    held: &mut Option<Box<Held>>,
    bounds: Bounds,
) -> Result<(), Ending> {
    *plain = plain.saturating_add(text.len() as u64);
    if *plain > bounds.size {
        return Err(Ending::TooLarge("websocket.message_limit"));
    }
    if utf8.as_mut().is_some_and(|utf8| !utf8.push(text)) {
        return Err(Ending::InvalidData("text is not utf-8"));
    }
    if let Some(held) = held {
        if !held.share.grow(text.len() as u64) {
            return Err(Ending::Memory);
        }
        held.text.extend_from_slice(text);
    }
    Ok(())
}
