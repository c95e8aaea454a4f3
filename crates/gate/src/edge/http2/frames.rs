//! The heads of frames (RFC 9113 section 4.1), read off a stream of bytes in any pieces.

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// Length of the head of a frame, in bytes.
const HEAD: usize = 9;

/// The head of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    flags: u8,
    pub(super) stream: u32,
    pub(super) length: u32,
}

impl Frame {
    fn read(head: [u8; HEAD]) -> Self {
        let [high, middle, low, kind, flags, stream @ ..] = head;
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        Self { kind, flags, stream, length: u32::from_be_bytes([0, high, middle, low]) }
    }

    /// Whether it is the last one of its stream in this direction.
    pub(super) const fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// Whether a head goes on in the next frame.
    pub(super) const fn leaves_head_open(self) -> bool {
        matches!(self.kind, HEADERS | CONTINUATION) && self.flags & END_HEADERS == 0
    }

    /// Whether it answers a ping or settings of ours.
    pub(super) const fn is_answer(self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.flags & ACK != 0
    }
}

/// Finds the frames in one direction of a connection.
#[derive(Debug)]
pub(super) struct Frames {
    /// Bytes to step over: the preface, or the payload of the last frame.
    skip: usize,
    head: [u8; HEAD],
    held: usize,
}

impl Frames {
    /// After `preface` bytes that are no frame.
    pub(super) const fn after(preface: usize) -> Self {
        Self { skip: preface, head: [0; HEAD], held: 0 }
    }

    /// Whether the last byte was the last one of a frame.
    pub(super) const fn is_between(&self) -> bool {
        self.skip == 0 && self.held == 0
    }

    /// Takes the next bytes into account; `found` is told each frame when its head is complete.
    pub(super) fn walk(&mut self, mut bytes: &[u8], mut found: impl FnMut(Frame)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip = self.skip.saturating_sub(skipped);
            bytes = bytes.get(skipped..).unwrap_or_default();
            if self.skip > 0 {
                return;
            }
            let free = self.head.get_mut(self.held..).unwrap_or_default();
            let count = free.len().min(bytes.len());
            let (piece, rest) = bytes.split_at_checked(count).unwrap_or_default();
            if let Some(place) = free.get_mut(..count) {
                place.copy_from_slice(piece);
            }
            self.held = self.held.saturating_add(count);
            bytes = rest;
            if self.held == HEAD {
                let frame = Frame::read(self.head);
                self.held = 0;
                self.skip = usize::try_from(frame.length).unwrap_or(usize::MAX);
                found(frame);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_are_found_however_the_bytes_come(
            frames in proptest::collection::vec((0..60_usize, any::<u8>(), any::<u8>(), 0..0x8000_0000_u32), 0..20),
            pieces in proptest::collection::vec(1..40_usize, 1..40),
        ) {
            let mut bytes = b"preface".to_vec();
            let mut expected = Vec::new();
            for (length, kind, flags, stream) in frames {
                let length = u32::try_from(length).unwrap();
                bytes.extend(&length.to_be_bytes()[1..]);
                bytes.extend([kind, flags]);
                bytes.extend(stream.to_be_bytes());
                bytes.extend(std::iter::repeat_n(0xaa, length as usize));
                expected.push(Frame { kind, flags, stream, length });
            }
            let (mut walker, mut found) = (Frames::after(7), Vec::new());
            let mut rest = bytes.as_slice();
            for piece in pieces.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (now, later) = rest.split_at(rest.len().min(*piece));
                walker.walk(now, |frame| found.push(frame));
                rest = later;
            }
            prop_assert_eq!(found, expected);
            prop_assert!(walker.is_between());
        }
    }
}
