//! The order of frames in one direction: what may follow what.

use super::Ending;
use super::frame::{Head, MAX_CONTROL, MAX_HEAD, Opcode, Sender};

/// What the next bytes of a direction are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// More bytes are needed to tell.
    More,
    /// A whole control frame: its head, then so many bytes of payload as that says.
    Control(Head),
    /// The head of a data frame.
    Data(Head),
    /// This many bytes of the open frame's payload; whether they are its last.
    Payload(usize, bool),
}

/// Cuts one direction into frames. Holds no bytes: what it has named is the caller's to consume.
#[derive(Debug)]
pub(super) struct Scanner {
    sender: Sender,
    has_deflate: bool,
    /// Bytes of the open data frame that are still to come.
    left: u64,
    /// A data frame is open, even if nothing of it is left.
    is_in_frame: bool,
    /// A message is open: its next frame is a continuation.
    is_in_message: bool,
}

impl Scanner {
    pub(super) const fn new(sender: Sender, has_deflate: bool) -> Self {
        Self { sender, has_deflate, left: 0, is_in_frame: false, is_in_message: false }
    }

    /// Whether a frame begins with the next byte.
    pub(super) const fn is_between_frames(&self) -> bool {
        !self.is_in_frame
    }

    /// What `bytes` begin with.
    ///
    /// # Errors
    /// [`Ending::Protocol`] when it may not come here.
    pub(super) fn next(&mut self, bytes: &[u8]) -> Result<Next, Ending> {
        if self.is_in_frame {
            return Ok(self.payload(bytes));
        }
        let head = bytes.get(..MAX_HEAD).unwrap_or(bytes);
        let Some(head) = Head::parse(head, self.sender, self.has_deflate)? else {
            return Ok(Next::More);
        };
        if head.opcode.is_control() {
            let whole = head.size.saturating_add(usize::try_from(head.length).unwrap_or(0));
            debug_assert!(head.length <= MAX_CONTROL, "the parser allows no more");
            return Ok(if bytes.len() < whole { Next::More } else { Next::Control(head) });
        }
        match (head.opcode, self.is_in_message) {
            (Opcode::Continuation, false) => return Err(Ending::Protocol("nothing to continue")),
            (Opcode::Text | Opcode::Binary, true) => {
                return Err(Ending::Protocol("message in a message"));
            }
            _ => {}
        }
        self.is_in_message = !head.is_final;
        (self.left, self.is_in_frame) = (head.length, true);
        Ok(Next::Data(head))
    }

    fn payload(&mut self, bytes: &[u8]) -> Next {
        let count = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        if count == 0 && self.left > 0 {
            return Next::More;
        }
        self.left = self.left.saturating_sub(count as u64);
        self.is_in_frame = self.left > 0;
        Next::Payload(count, !self.is_in_frame)
    }
}
