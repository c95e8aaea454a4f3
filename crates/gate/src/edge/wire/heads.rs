//! The heads of requests, taken off a stream of bytes without any I/O.

use ::bytes::{Buf as _, BytesMut};

use super::Rules;
use super::head::{Head, HeadEnd, find_head_end, read_head};
use super::violation::{Fault, Kind, Violation};
use crate::http1::intake;

/// What is known of the head at the front of a stream.
#[derive(Debug, Default)]
pub struct Heads {
    /// Where the search for the end of an open head goes on, counted from its start.
    resume: usize,
    has_skipped_line: bool,
}

impl Heads {
    /// Takes the next head off `input`; `None` while it is not complete. To be called again with
    /// more bytes behind those that are left, and after a head once its body is taken off too.
    ///
    /// # Errors
    /// The first rule broken; nothing that follows is a request then.
    pub fn next(&mut self, input: &mut BytesMut, rules: &Rules) -> Result<Option<Head>, Violation> {
        while !input.is_empty() {
            let end = match find_head_end(input, self.resume, rules.head_limit) {
                Ok(HeadEnd::Open(resume)) => {
                    self.resume = resume;
                    return Ok(None);
                }
                Ok(HeadEnd::EmptyLine) if !self.has_skipped_line => {
                    self.has_skipped_line = true;
                    self.resume = 0;
                    input.advance(2);
                    continue;
                }
                Ok(HeadEnd::EmptyLine) => return Err(refuse(Kind::LeadingLines, input)),
                Ok(HeadEnd::At(end)) => end,
                Err(kind) => return Err(refuse(kind, input)),
            };
            *self = Self::default();
            return read_head(&intake::split_head(input, end), rules).map(Some);
        }
        Ok(None)
    }
}

fn refuse(kind: Kind, head: &[u8]) -> Violation {
    // All that is known of the place is the head it is in.
    Fault::new(kind, &[]).report(head)
}
