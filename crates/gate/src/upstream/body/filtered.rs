//! The body of an answer that a guard changes while it streams.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};

use super::BodyError;
use super::answer::AnswerBody;
use crate::pipeline::{BodyFilter, GuardError};

/// About how much goes out at a time, in bytes: what comes in may decode to far more.
const PART: usize = 64 * 1024;

/// A body, and what changes it.
#[derive(Debug)]
pub(super) struct Filtered {
    body: AnswerBody,
    filter: Box<dyn BodyFilter>,
    /// Received and not yet taken by the filter.
    waiting: Bytes,
    /// Whether the filter has more to say about what it took.
    has_more: bool,
    is_over: bool,
}

impl Filtered {
    pub(super) const fn new(body: AnswerBody, filter: Box<dyn BodyFilter>) -> Self {
        Self { body, filter, waiting: Bytes::new(), has_more: false, is_over: false }
    }

    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next part. A part that the filter holds back as a whole is followed by the next.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut out = Vec::new();
        while !self.is_over {
            if self.waiting.is_empty() && !self.has_more {
                match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                    Some(Ok(frame)) => self.waiting = frame.into_data().unwrap_or_default(),
                    Some(Err(error)) => {
                        self.is_over = true;
                        return Poll::Ready(Some(Err(error)));
                    }
                    None => self.is_over = true,
                }
            }
            if let Err(error) = self.advance(&mut out) {
                self.is_over = true;
                return Poll::Ready(Some(Err(BodyError(error.to_string()))));
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
        Poll::Ready(None)
    }

    /// Lets the filter work on what is waiting, until about one part is ready.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<(), GuardError> {
        if self.is_over {
            return self.filter.finish(out);
        }
        while !self.waiting.is_empty() && out.len() < PART {
            let before = out.len();
            let taken = self.filter.push(&self.waiting, out)?;
            if taken == 0 && out.len() == before {
                return Err(GuardError("the body cannot be read further".into()));
            }
            self.waiting = self.waiting.slice(taken.min(self.waiting.len())..);
        }
        if self.waiting.is_empty() {
            self.has_more = self.filter.flush(out)?;
        }
        Ok(())
    }
}
