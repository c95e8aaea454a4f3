//! What one direction must keep to: sizes, rates, and what its messages say.

use super::Ending;
use super::frame::{Head, Opcode, Sender};
use super::inflate::Bounds;
use super::message::{Held, Message, Reading};
use super::rate::Rate;
use crate::stages::body::BodyMemory;

/// A fragment below this many bytes counts as a message: many of them would cost as much.
const SMALL_FRAGMENT: u64 = 128;

/// The rules of one direction.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) frame_limit: u64,
    pub(super) bounds: Bounds,
    /// Compressed messages are inflated.
    pub(super) inflates: bool,
    /// Guards see texts, held in this memory.
    pub(super) memory: Option<BodyMemory>,
    /// Messages and control frames; `None` for the application's.
    pub(super) rates: Option<Rates>,
}

#[derive(Debug)]
pub(super) struct Rates {
    pub(super) messages: Rate,
    pub(super) controls: Rate,
}

/// Judges one direction frame by frame.
#[derive(Debug)]
pub(super) struct Judge {
    sender: Sender,
    rules: Rules,
    message: Option<Message>,
    frame: Option<Head>,
}

impl Judge {
    pub(super) const fn new(sender: Sender, rules: Rules) -> Self {
        Self { sender, rules, message: None, frame: None }
    }

    /// Whether bytes of data frames are to be kept back now.
    pub(super) fn is_holding(&self) -> bool {
        self.message.as_ref().is_some_and(Message::is_held)
    }

    /// A data frame begins.
    pub(super) fn begin(&mut self, head: &Head) -> Result<(), Ending> {
        let is_counted =
            head.opcode != Opcode::Continuation || (head.length < SMALL_FRAGMENT && !head.is_final);
        if let Some(rates) = self.rules.rates.as_mut().filter(|_| is_counted)
            && !rates.messages.take()
        {
            return Err(Ending::TooFast("websocket.message_rate"));
        }
        if head.length > self.rules.frame_limit {
            return Err(Ending::TooLarge("websocket.frame_limit"));
        }
        let (inflates, memory) = (self.rules.inflates, &self.rules.memory);
        let message = self.message.get_or_insert_with(|| {
            let share = memory.as_ref().map(BodyMemory::share);
            Message::begin(head, Reading { inflates, share })
        });
        self.frame = Some(*head);
        if message.frame(head, self.rules.bounds.size) {
            Ok(())
        } else {
            Err(Ending::TooLarge("websocket.message_limit"))
        }
    }

    /// Keeps bytes of the open message back.
    pub(super) fn hold(&mut self, bytes: &[u8]) -> Result<(), Ending> {
        self.message.as_mut().map_or(Ok(()), |message| message.hold(bytes))
    }

    /// A piece of the open frame's payload.
    pub(super) fn read(&mut self, piece: &[u8]) -> Result<(), Ending> {
        let mask = self.frame.and_then(|frame| frame.mask);
        let bounds = self.rules.bounds;
        self.message.as_mut().map_or(Ok(()), |message| message.read(piece, mask, bounds))
    }

    /// The open frame ends. What was held of its message, if that ends too.
    pub(super) fn end(&mut self) -> Result<Option<Box<Held>>, Ending> {
        let is_last = self.frame.take().is_some_and(|frame| frame.is_final);
        match self.message.take_if(|_| is_last) {
            Some(message) => message.finish(self.rules.bounds),
            None => Ok(None),
        }
    }

    /// A control frame.
    pub(super) fn control(&mut self, head: &Head, payload: &[u8]) -> Result<(), Ending> {
        if let Some(rates) = &mut self.rules.rates
            && !rates.controls.take()
        {
            return Err(Ending::TooFast("websocket.control_rate"));
        }
        if head.opcode == Opcode::Close { close(payload) } else { Ok(()) }
    }

    /// `ending` as the fault of this direction's sender.
    pub(super) const fn blame(&self, ending: Ending) -> Ending {
        match (self.sender, ending) {
            (Sender::Server, Ending::Protocol(what) | Ending::InvalidData(what)) => {
                Ending::Application(what)
            }
            (Sender::Server, Ending::TooLarge(_)) => {
                Ending::Application("message above websocket.answer_limit")
            }
            _ => ending,
        }
    }
}

/// The payload of a close frame (RFC 6455 section 5.5.1): nothing, or a code and a text.
fn close(payload: &[u8]) -> Result<(), Ending> {
    let Some((code, text)) = payload.split_first_chunk::<2>() else {
        let is_empty = payload.is_empty();
        return if is_empty { Ok(()) } else { Err(Ending::Protocol("half a close code")) };
    };
    if !super::ending::may_be_sent(u16::from_be_bytes(*code)) {
        return Err(Ending::Protocol("close code"));
    }
    match std::str::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Ending::InvalidData("text is not utf-8")),
    }
}
